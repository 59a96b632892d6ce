import { float32ToBfloat16 } from "../../formats/numbers.ts";
import type { Program } from "../../program/program.ts";
import type { EngineSession, EngineWeights, Executable, HostArray, HostTensor, Tensors } from "../engine.ts";
import type { Driver, Run, UploadArray } from "./driver.ts";
import type { KernelList } from "./kernel-list.ts";
import { bytesOf, type Ref } from "./kernels.ts";
import { lowerProgram } from "./lower.ts";

/** A tensor that the session keeps on the device. */
interface Held<Handle> {
  readonly ref: Omit<Ref, "slot">;
  readonly handle: Handle;
}

interface Prepared<Handle> {
  readonly list: KernelList;
  readonly runs: readonly Run<Handle>[];
  readonly weights: readonly Handle[];
  readonly constants: readonly Handle[];
}

export class TfjsSession<Handle> implements EngineSession {
  readonly device: string;
  readonly #driver: Driver<Handle>;
  readonly #source: EngineWeights;
  readonly #weights = new Map<string, Held<Handle>>();
  readonly #state = new Map<string, Held<Handle>>();
  readonly #executables = new Map<Program, { executable: Executable; prepared: Prepared<Handle> }>();
  #runBytes = 0;

  constructor(driver: Driver<Handle>, source: EngineWeights) {
    this.device = driver.device;
    this.#driver = driver;
    this.#source = source;
  }

  /** One executable for each Program, by identity. */
  async compile(program: Program): Promise<Executable> {
    const known = this.#executables.get(program);
    if (known !== undefined) return known.executable;
    const list = lowerProgram(program);
    const prepared = {
      list,
      runs: list.calls.map((call) => this.#driver.prepare(call)),
      weights: list.weights.map((ref, i) => this.#weight(nameOf(program, program.weights[i]!), ref)),
      constants: list.constants.map(({ ref, data }) => this.#driver.upload(data, ref.shape, ref.dtype)),
    };
    const executable: Executable = {
      program,
      run: (feeds) => this.#run(program, prepared, feeds),
      dispose: async () => {
        if (this.#executables.delete(program)) for (const each of prepared.constants) this.#driver.free(each);
      },
    };
    this.#executables.set(program, { executable, prepared });
    return executable;
  }

  async readState(names?: readonly string[]): Promise<Tensors> {
    const tensors: Record<string, HostTensor> = {};
    for (const name of names ?? this.#state.keys()) {
      const { ref, handle } = this.#stateOf(name);
      tensors[name] = { shape: ref.shape, data: (await this.#driver.read(handle)).slice() };
    }
    return tensors;
  }

  async writeState(state: Tensors): Promise<void> {
    for (const [name, { shape, data }] of Object.entries(state)) {
      const handle = this.#driver.upload(Float32Array.from(data as Float32Array), shape, "float32");
      this.#replace(name, { ref: { shape, dtype: "float32" }, handle });
    }
  }

  /** Of tensors, as the kernel lists have them; scratch memory inside kernels is not known. */
  memory(): { liveBytes: number; peakBytes: number } {
    const constants = [...this.#executables.values()].flatMap(({ prepared }) => prepared.list.constants);
    const held = [...this.#weights.values(), ...this.#state.values(), ...constants];
    const liveBytes = held.reduce((sum, { ref }) => sum + bytesOf(ref), 0);
    return { liveBytes, peakBytes: liveBytes + this.#runBytes };
  }

  async close(): Promise<void> {
    for (const { executable } of [...this.#executables.values()]) await executable.dispose();
    for (const { handle } of [...this.#weights.values(), ...this.#state.values()]) this.#driver.free(handle);
    this.#weights.clear();
    this.#state.clear();
    this.#driver.close();
  }

  /** Uploaded when a Program first names it. */
  #weight(name: string, ref: Ref): Handle {
    const key = `${ref.dtype} ${name}`;
    const known = this.#weights.get(key);
    if (known !== undefined) return known.handle;
    const numbers = this.#source.read(name);
    const data = ref.dtype === "bfloat16" ? new Uint8Array(float32ToBfloat16(numbers).buffer) : numbers;
    const handle = this.#driver.upload(data, ref.shape, ref.dtype);
    this.#weights.set(key, { ref, handle });
    return handle;
  }

  #stateOf(name: string): Held<Handle> {
    const held = this.#state.get(name);
    if (held === undefined) throw new Error(`state ${name} was never written`);
    return held;
  }

  #replace(name: string, held: Held<Handle>): void {
    const old = this.#state.get(name);
    this.#state.set(name, held);
    if (old !== undefined) this.#driver.free(old.handle);
  }

  async #run(
    program: Program,
    { list, runs, weights, constants }: Prepared<Handle>,
    feeds: Tensors,
  ): Promise<{ outputs: Tensors; moved: boolean }> {
    const driver = this.#driver;
    const live: (Handle | undefined)[] = new Array(list.slots);
    const own = new Set<number>();
    const stateNames = program.state.map(({ value }) => nameOf(program, value));
    for (const [i, { slot }] of list.weights.entries()) live[slot] = weights[i]!;
    for (const [i, { ref }] of list.constants.entries()) live[ref.slot] = constants[i]!;
    for (const [i, { slot }] of list.state.entries()) live[slot] = this.#stateOf(stateNames[i]!).handle;
    this.#runBytes = Math.max(this.#runBytes, list.peakBytes);
    try {
      for (const [i, ref] of list.inputs.entries()) {
        const name = nameOf(program, program.inputs[i]!);
        live[ref.slot] = driver.upload(feedArray(program, name, ref, feeds[name]), ref.shape, ref.dtype);
        own.add(ref.slot);
      }
      for (const [i, { inputs, outputs }] of list.calls.entries()) {
        const results = runs[i]!(inputs.map(({ slot }) => live[slot]!));
        for (const [at, { slot }] of outputs.entries()) {
          live[slot] = results[at]!;
          own.add(slot);
        }
        for (const slot of list.frees[i]!) {
          driver.free(live[slot]!);
          own.delete(slot);
        }
      }
      const values = new Map<number, HostTensor>();
      for (const { ref, values: ids } of list.fetches) {
        const data = await driver.read(live[ref.slot]!);
        let from = 0;
        for (const id of ids) {
          const shape = program.values[id]!.shape as number[];
          const size = shape.reduce((product, d) => product * d, 1);
          values.set(id, { shape, data: data.slice(from, from + size) });
          from += size;
        }
      }
      const moved = program.guards.every((id) => values.get(id)!.data.every(Number.isFinite as never));
      if (moved) {
        for (const { state, ref } of list.next) {
          this.#replace(stateNames[state]!, { ref, handle: live[ref.slot]! });
          own.delete(ref.slot);
        }
      }
      const outputs = program.outputs.map((id) => [nameOf(program, id), values.get(id)!]);
      return { outputs: Object.fromEntries(outputs), moved };
    } finally {
      for (const slot of own) driver.free(live[slot]!);
    }
  }
}

const nameOf = (program: Program, id: number): string => program.values[id]!.name;

function feedArray(program: Program, name: string, ref: Ref, feed: HostTensor | undefined): UploadArray {
  if (feed === undefined) throw new Error(`input ${name} of ${program.name} was not fed`);
  if (feed.shape.join() !== ref.shape.join()) {
    throw new Error(`input ${name} of ${program.name} is [${feed.shape.join()}], not [${ref.shape.join()}]`);
  }
  const { data } = feed;
  if (ref.dtype === "int32") return Int32Array.from(data as ArrayLike<number> & HostArray, Number);
  if (ref.dtype === "bool") return data as Uint8Array;
  return data instanceof Float32Array ? data : Float32Array.from(data as Float64Array);
}
