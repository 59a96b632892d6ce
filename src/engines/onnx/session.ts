import { realpathSync } from "node:fs";
import { totalmem } from "node:os";
import { basename, dirname } from "node:path";
import type { InferenceSession, Tensor } from "onnxruntime-node";
import { cpuIdentity } from "../../cpu.ts";
import { encodeOnnx } from "../../formats/onnx.ts";
import { bytesOf } from "../../program/liveness.ts";
import type { Program } from "../../program/program.ts";
import { compileOnce } from "../compile-once.ts";
import type { EngineSession, EngineWeights, Executable, HostTensor, Tensors } from "../engine.ts";
import { explained } from "../out-of-memory.ts";
import {
  elementOf,
  guardName,
  hiddenGuards,
  lowerProgram,
  nextName,
  outputName,
  replacedState,
  type WeightData,
} from "./lower.ts";
import type { Runtime } from "./runtime.ts";
import { feedTensor, hostTensor } from "./tensors.ts";

/** The current value and the buffer that the next run writes; they are swapped when a run commits. */
interface StatePair {
  current: Tensor;
  spare: Tensor;
}

/** Largest number of positions in a batch with prepacked weights (measured gain: 5 to 15 % at 512 and below, none at 2,048). */
const PREPACK_POSITIONS = 1024;
/** Share of the machine's memory that prepacked weights may use. */
const PREPACK_SHARE = 1 / 8;

export class OnnxSession implements EngineSession {
  readonly device = "CPU, onnxruntime, float32";
  readonly cpu = cpuIdentity();
  readonly #runtime: Runtime;
  readonly #weights: EngineWeights;
  readonly #threads: number;
  readonly #prepack: "auto" | boolean;
  readonly #state = new Map<string, StatePair>();
  readonly #compiled = new Map<Program, Promise<Executable>>();
  #file: ReturnType<EngineWeights["float32File"]> | undefined;

  constructor(runtime: Runtime, weights: EngineWeights, threads: number, prepack: "auto" | boolean) {
    this.#runtime = runtime;
    this.#weights = weights;
    this.#threads = threads;
    this.#prepack = prepack;
  }

  /** One executable for each Program, by identity. */
  compile(program: Program): Promise<Executable> {
    return compileOnce(this.#compiled, program, () => this.#compile(program));
  }

  async readState(names?: readonly string[]): Promise<Tensors> {
    const wanted = names ?? [...this.#state.keys()];
    return Object.fromEntries(wanted.map((name) => [name, copyOf(this.#stateOf(name).current)]));
  }

  async writeState(state: Tensors): Promise<void> {
    for (const [name, { shape, data }] of Object.entries(state)) {
      const tensor = (numbers: Float32Array): Tensor => new this.#runtime.Tensor("float32", numbers, shape);
      const current = Float32Array.from(data as Float32Array);
      this.#state.set(name, { current: tensor(current), spare: tensor(new Float32Array(current.length)) });
    }
  }

  /**
   * liveBytes: both buffers of all state values. peakBytes: peak resident memory of the process, including other work and the
   * pages of mapped weights, because onnxruntime does not report its own.
   */
  memory(): { liveBytes: number; peakBytes: number } {
    const liveBytes = [...this.#state.values()].reduce((sum, { current }) => sum + 2 * 4 * current.size, 0);
    return { liveBytes, peakBytes: process.resourceUsage().maxRSS * 1024 };
  }

  async close(): Promise<void> {
    for (const compiled of [...this.#compiled.values()]) await (await compiled).dispose();
    this.#state.clear();
  }

  async #compile(program: Program): Promise<Executable> {
    const graph = lowerProgram(program, { profile: "ort", weight: (name) => this.#weight(name) });
    const folder =
      this.#file === undefined
        ? {}
        : { model_external_initializers_file_folder_path: dirname(this.#file.path) };
    const session = await this.#runtime.InferenceSession.create(encodeOnnx(graph), {
      intraOpNumThreads: this.#threads,
      interOpNumThreads: 1,
      // The graph is fused and ordered; onnxruntime's rewrites would change the order.
      graphOptimizationLevel: "disabled",
      enableMemPattern: false,
      // Errors are thrown as exceptions; onnxruntime would print them too.
      logSeverityLevel: 4,
      extra: { session: { disable_prepacking: this.#packs(program) ? "0" : "1", ...folder } },
    });
    return {
      program,
      run: (feeds) => this.#run(program, session, feeds),
      dispose: async () => {
        if (this.#compiled.delete(program)) await session.release();
      },
    };
  }

  /** Weights are mapped from their file without a copy. */
  #weight(name: string): WeightData {
    this.#file ??= this.#mappedFile();
    const place = this.#file.tensors.get(name);
    if (place === undefined) throw new Error(`${this.#file.path} has no weight ${name}`);
    return { external: { location: basename(this.#file.path), offset: place.offset, length: place.length } };
  }

  /** Real path, because onnxruntime refuses links that point outside the folder. */
  #mappedFile(): ReturnType<EngineWeights["float32File"]> {
    const { path, tensors } = this.#weights.float32File();
    return { path: realpathSync(path), tensors };
  }

  /** Depends on the Program and the machine only, so that a resumed run uses the same kernels and gets the same bits. */
  #packs(program: Program): boolean {
    if (this.#prepack !== "auto") return this.#prepack;
    if (replacedState(program).length === 0) return false;
    const bytes = 2 * program.weights.reduce((sum, id) => sum + bytesOf(program.values[id]!), 0);
    const grids = program.inputs
      .map((id) => program.values[id]!.shape as number[])
      .filter(({ length }) => length === 2);
    const positions = Math.max(0, ...grids.map(([B, S]) => B! * S!));
    return positions <= PREPACK_POSITIONS && bytes <= PREPACK_SHARE * totalmem();
  }

  #stateOf(name: string): StatePair {
    const pair = this.#state.get(name);
    if (pair === undefined) throw new Error(`state ${name} was never written`);
    return pair;
  }

  async #run(
    program: Program,
    session: InferenceSession,
    given: Tensors,
  ): Promise<{ outputs: Tensors; committed: boolean }> {
    const nameOf = (id: number): string => program.values[id]!.name;
    const feeds: Record<string, Tensor> = {};
    for (const id of program.inputs) {
      const value = program.values[id]!;
      feeds[value.name] = feedTensor(this.#runtime, program, value, elementOf("ort", value.dtype), given);
    }
    for (const { value } of program.state) feeds[nameOf(value)] = this.#stateOf(nameOf(value)).current;
    const fetches: Record<string, Tensor | null> = {};
    for (const id of program.outputs) fetches[outputName(program, id)] = null;
    for (const id of hiddenGuards(program)) fetches[guardName(nameOf(id))] = null;
    const replaced = replacedState(program).map(({ value }) => nameOf(value));
    for (const name of replaced) fetches[nextName(name)] = this.#stateOf(name).spare;

    const results = await session.run(feeds, fetches).catch((error: unknown) => {
      throw explained("onnx", program, error);
    });
    const guards = program.guards.map(
      (id) => results[outputName(program, id)] ?? results[guardName(nameOf(id))]!,
    );
    const committed = guards.every((guard) => (guard.data as Float32Array).every(Number.isFinite));
    if (committed) {
      for (const name of replaced) {
        const pair = this.#stateOf(name);
        [pair.current, pair.spare] = [pair.spare, pair.current];
      }
    }
    return {
      outputs: Object.fromEntries(
        program.outputs.map((id) => [nameOf(id), hostTensor(results[outputName(program, id)]!)]),
      ),
      committed,
    };
  }
}

/** A copy, so that callers cannot change the state. */
const copyOf = ({ dims, data }: Tensor): HostTensor => ({
  shape: [...dims],
  data: (data as Float32Array).slice(),
});
