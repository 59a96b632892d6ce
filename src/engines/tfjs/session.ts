import { float32ToBfloat16 } from "../../formats/numbers.ts";
import type { Program, ValueId } from "../../program/program.ts";
import type {
  EngineOptions,
  EngineSession,
  EngineWeights,
  Executable,
  HostTensor,
  Tensors,
} from "../engine.ts";
import { feedOf } from "../feed.ts";
import { explained } from "../out-of-memory.ts";
import type { Driver, UploadArray } from "./driver.ts";
import { bytesOf, type Ref, sizeOf } from "./kernels.ts";
import { lowerProgram } from "./lower.ts";
import { type PreparedList, runList } from "./run-list.ts";

/** A tensor of the session on the device. */
interface Held<Handle> {
  readonly ref: Omit<Ref, "slot">;
  readonly handle: Handle;
}

export class TfjsSession<Handle> implements EngineSession {
  readonly device: string;
  readonly cpu?: string;
  readonly #driver: Driver<Handle>;
  readonly #source: EngineWeights;
  readonly #onKernel: EngineOptions["onKernel"];
  readonly #weights = new Map<string, Held<Handle>>();
  readonly #state = new Map<string, Held<Handle>>();
  readonly #executables = new Map<Program, { executable: Executable; prepared: PreparedList<Handle> }>();
  #runBytes = 0;

  constructor(driver: Driver<Handle>, source: EngineWeights, onKernel: EngineOptions["onKernel"]) {
    this.device = driver.device;
    if (driver.cpu !== undefined) this.cpu = driver.cpu;
    this.#driver = driver;
    this.#source = source;
    this.#onKernel = onKernel;
  }

  /** One executable for each Program, by identity. */
  async compile(program: Program): Promise<Executable> {
    const known = this.#executables.get(program);
    if (known !== undefined) return known.executable;
    const list = lowerProgram(program);
    const held = new Map<number, Handle>();
    for (const [i, ref] of list.weights.entries()) {
      held.set(ref.slot, this.#weight(nameOf(program, program.weights[i]!), ref));
    }
    for (const { ref, data } of list.constants) {
      held.set(ref.slot, this.#driver.upload(data, ref.shape, ref.dtype));
    }
    const prepared = { list, held, steps: list.calls.map((call) => this.#driver.prepare(call)) };
    const executable: Executable = {
      program,
      hostCalls: {
        kernels: list.calls.length,
        uploads: list.inputs.length,
        downloads: list.fetches.length,
      },
      run: (feeds) => this.#run(program, prepared, feeds),
      dispose: async () => {
        if (!this.#executables.delete(program)) return;
        for (const { ref } of list.constants) this.#driver.free(held.get(ref.slot)!);
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

  /** Bytes of tensors, from the kernel lists; scratch memory inside kernels is not known. */
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

  /** Uploads the weight at its first use in this precision. */
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
    prepared: PreparedList<Handle>,
    given: Tensors,
  ): Promise<{ outputs: Tensors; committed: boolean }> {
    const { list } = prepared;
    const stateNames = program.state.map(({ value }) => nameOf(program, value));
    const inputs = {
      feeds: list.inputs.map((ref, i) => uploadOf(program, program.inputs[i]!, ref, given)),
      state: stateNames.map((name) => this.#stateOf(name).handle),
    };
    const values = new Map<ValueId, HostTensor>();
    const commits = (fetched: readonly Float32Array[]): boolean => {
      for (const [i, { values: ids }] of list.fetches.entries()) {
        let from = 0;
        for (const id of ids) {
          const shape = program.values[id]!.shape as number[];
          values.set(id, { shape, data: fetched[i]!.slice(from, from + sizeOf(shape)) });
          from += sizeOf(shape);
        }
      }
      return program.guards.every((id) => (values.get(id)!.data as Float32Array).every(Number.isFinite));
    };
    this.#runBytes = Math.max(this.#runBytes, list.peakBytes);
    const { next } = await runList(this.#driver, prepared, inputs, commits, this.#onKernel).catch(
      (error: unknown) => {
        throw explained("tfjs", program, error);
      },
    );
    for (const [i, handle] of next?.entries() ?? []) {
      const { state, ref } = list.next[i]!;
      this.#replace(stateNames[state]!, { ref, handle });
    }
    return {
      outputs: Object.fromEntries(program.outputs.map((id) => [nameOf(program, id), values.get(id)!])),
      committed: next !== null,
    };
  }
}

const nameOf = (program: Program, id: ValueId): string => program.values[id]!.name;

function uploadOf(program: Program, id: ValueId, { dtype }: Ref, given: Tensors): UploadArray {
  const feed = feedOf(program, program.values[id]!, given);
  if (dtype === "int32") return Int32Array.from(feed.data as BigInt64Array, Number);
  if (dtype === "bool") return feed.data as Uint8Array;
  return feed.data instanceof Float32Array ? feed.data : Float32Array.from(feed.data as Float64Array);
}
