import type { DevicePointer } from "../driver/driver.ts";
import type { Gpu } from "../driver/gpu.ts";
import { deviceBytes, readResult } from "../host.ts";
import { type BufferView, type Gemm, gemmKey, type KernelCall, rowSlice } from "../lowering/commands.ts";
import { GemmCache, type GemmChoice } from "./cache.ts";
import { CublasLt } from "./cublaslt.ts";
import { openCublasLt } from "./cublaslt-search.ts";
import { gemmCall, modelledTile, TILES } from "./kernel.ts";

/** Launches kernels and resolves addresses for one Program. */
export interface LaunchContext {
  call(kernel: KernelCall): void;
  /** Passed on by itself, so it does not depend on `this`. */
  readonly resolve: (view: BufferView) => DevicePointer;
}

/** Milliseconds for which a candidate is timed, after as long a warm-up. */
const TIMED_MS = 0.5;
const MOST_REPETITIONS = 20;

/** Rows at either end of a result that are compared with lorafit's kernel. */
const CHECKED_ROWS = 16;
/** Relative L2 tolerance: a different summation order flips some bf16 roundings, 2^-8 each. */
const TOLERANCE = 2 ** -7;

/** True if the relative L2 distance of `actual` from `expected` is within TOLERANCE. */
function close(actual: Float32Array, expected: Float32Array): boolean {
  let [distance, norm] = [0, 0];
  for (let i = 0; i < expected.length; i++) {
    distance += (actual[i]! - expected[i]!) ** 2;
    norm += expected[i]! ** 2;
  }
  return distance <= TOLERANCE ** 2 * norm;
}

/** Runs a session's GEMMs, each shape by the fastest kernel or cuBLASLt algorithm that agrees with lorafit's kernel. */
export class GemmAutotuner {
  readonly #gpu: Gpu;
  readonly #library: CublasLt | undefined;
  readonly #cache: GemmCache;
  readonly #choices = new Map<string, GemmChoice>();

  constructor(gpu: Gpu) {
    this.#gpu = gpu;
    const open = openCublasLt(gpu.device);
    this.#library = open === undefined ? undefined : new CublasLt(gpu, open);
    this.#cache = new GemmCache(gpu.device, open?.library);
  }

  /** Enqueues the GEMM. The first run of a shape times the candidates, which waits for the device and is refused under capture. */
  run(gemm: Gemm, context: LaunchContext): void {
    const key = gemmKey(gemm);
    const choice = this.#choices.get(key) ?? this.#cache.read(key) ?? this.#fastest(gemm, context);
    this.#choices.set(key, choice);
    this.#enqueue(gemm, choice, context);
  }

  /** Kernel name, or "cublasLt", of a GEMM that has run. */
  implementationOf(gemm: Gemm): string {
    const choice = this.#choices.get(gemmKey(gemm))!;
    return "tile" in choice ? gemmCall(gemm, choice.tile).kernel : "cublasLt";
  }

  close(): void {
    this.#library?.close();
  }

  #enqueue(gemm: Gemm, choice: GemmChoice, context: LaunchContext): void {
    if ("tile" in choice) context.call(gemmCall(gemm, choice.tile));
    else this.#library!.multiply(gemm, choice.algorithm, context.resolve);
  }

  /** Times all candidates on the GEMM's own operands. Repetition is safe: it reads nothing that it writes. */
  #fastest(gemm: Gemm, context: LaunchContext): GemmChoice {
    const modelled = { tile: modelledTile(gemm, this.#gpu.device.multiprocessors) };
    const once = (): number => this.#gpu.time(() => this.#enqueue(gemm, modelled, context));
    // Without a clock (the emulator) the model decides.
    if (once() === 0) return modelled;
    const repetitions = Math.min(MOST_REPETITIONS, Math.ceil(TIMED_MS / once()));
    const candidates: GemmChoice[] = [
      ...TILES.map((tile) => ({ tile })),
      ...(this.#library?.algorithms(gemm, context.resolve) ?? []).map((algorithm) => ({ algorithm })),
    ];
    const expected = this.#ends(gemm, context);
    const timed = candidates.map((choice) => ({
      choice,
      ms: this.#timeOf(gemm, choice, context, repetitions),
    }));
    const { choice } = timed
      .toSorted((a, b) => a.ms - b.ms)
      .find(({ choice }) => {
        if ("tile" in choice) return true;
        this.#enqueue(gemm, choice, context);
        return close(this.#ends(gemm, context), expected);
      })!;
    this.#cache.add(gemmKey(gemm), choice);
    return choice;
  }

  /** First and last rows of the result, after all work on the stream. */
  #ends({ c }: Gemm, context: LaunchContext): Float32Array {
    const rows = Math.min(CHECKED_ROWS, c.rows);
    const ends = new Float32Array(2 * rows * c.width);
    for (const [i, from] of [0, c.rows - rows].entries()) {
      const value = { kind: "matrix", matrix: rowSlice(c, from, rows) } as const;
      const bytes = new Uint8Array(deviceBytes(value, "f32"));
      this.#gpu.download(context.resolve(value.matrix.view), bytes);
      ends.set(readResult(bytes.buffer, 0, value), i * rows * c.width);
    }
    return ends;
  }

  /** Milliseconds of a graph of `repetitions` GEMMs; infinite for an algorithm that the library proposes and then refuses. */
  #timeOf(gemm: Gemm, choice: GemmChoice, context: LaunchContext, repetitions: number): number {
    const { driver, stream } = this.#gpu;
    try {
      // Loads the kernel outside capture: drivers before CUDA 12.3 load lazily at the first launch, which capture forbids.
      this.#enqueue(gemm, choice, context);
      // Timed as a graph: launched one by one, short GEMMs would wait for the host.
      const graph = this.#gpu.capture(() => {
        for (let i = 0; i < repetitions; i++) this.#enqueue(gemm, choice, context);
      });
      const launch = (): void => driver.call("cuGraphLaunch", graph, stream);
      launch();
      const ms = this.#gpu.time(launch);
      driver.call("cuGraphExecDestroy", graph);
      return ms;
    } catch (error) {
      if ("algorithm" in choice) return Number.POSITIVE_INFINITY;
      throw error;
    }
  }
}
