import { type BufferView, type Gemm, gemmKey, type KernelCall, rowsFrom } from "./commands.ts";
import { CublasLt } from "./cublaslt.ts";
import { openCublasLt } from "./cublaslt-library.ts";
import type { DevicePointer } from "./driver.ts";
import { GemmCache, type GemmChoice } from "./gemm-cache.ts";
import { gemmCall, modelledTile, TILES } from "./gemm-kernel.ts";
import type { Gpu } from "./gpu.ts";
import { deviceBytes, readResult } from "./host.ts";

/** How an executable calls kernels, and where its rooms lie. */
export interface LaunchContext {
  call(kernel: KernelCall): void;
  resolve(address: BufferView): DevicePointer;
}

/** Milliseconds for which each candidate runs, twice: the first time warms up. */
const ENOUGH = 0.5;
const MOST_REPETITIONS = 20;

/** At either end of a result, to see whether the library computed what our kernel does. */
const CHECKED_ROWS = 16;
/** Of the norm: another order of adding turns some of the roundings to bf16, 2^-8 of a number each. */
const TOLERANCE = 2 ** -7;

function nearlySame(theirs: Float32Array, ours: Float32Array): boolean {
  const squares = (values: Float32Array): number => values.reduce((sum, value) => sum + value ** 2, 0);
  const apart = ours.map((value, i) => theirs[i]! - value);
  return squares(apart) <= TOLERANCE ** 2 * squares(ours);
}

/** Does the products of a session, each shape by what was fastest on this device, and agrees with our own kernel. */
export class GemmAutotuner {
  readonly #gpu: Gpu;
  readonly #library: CublasLt | undefined;
  readonly #file: GemmCache;
  readonly #choices = new Map<string, GemmChoice>();

  constructor(gpu: Gpu) {
    this.#gpu = gpu;
    const open = openCublasLt(gpu.device);
    this.#library = open === undefined ? undefined : new CublasLt(gpu, open);
    this.#file = new GemmCache(gpu.device, open?.library);
  }

  /**
   * Puts the product on the stream. A shape that was not met before is timed first, which waits for the device: so every product
   * runs once before it is captured.
   */
  run(gemm: Gemm, caller: LaunchContext): void {
    const name = gemmKey(gemm);
    const choice = this.#choices.get(name) ?? this.#file.read(name) ?? this.#fastest(gemm, caller);
    this.#choices.set(name, choice);
    this.#run(gemm, choice, caller);
  }

  /** The name of what does a product that has run. */
  implementationOf(gemm: Gemm): string {
    const choice = this.#choices.get(gemmKey(gemm))!;
    return "tile" in choice ? gemmCall(gemm, choice.tile).kernel : "cublasLt";
  }

  close(): void {
    this.#library?.close();
  }

  #run(gemm: Gemm, choice: GemmChoice, caller: LaunchContext): void {
    if ("tile" in choice) caller.call(gemmCall(gemm, choice.tile));
    else this.#library!.multiply(gemm, choice.algorithm, caller.resolve);
  }

  /** On the product's own operands, as often as needed: it reads nothing that it writes. */
  #fastest(gemm: Gemm, caller: LaunchContext): GemmChoice {
    const modelled = { tile: modelledTile(gemm, this.#gpu.device.multiprocessors) };
    const once = (): number => this.#gpu.time(() => this.#run(gemm, modelled, caller));
    // A device without a clock, such as the emulator, leaves it at the model.
    if (once() === 0) return modelled;
    const repetitions = Math.min(MOST_REPETITIONS, Math.ceil(ENOUGH / once()));
    const candidates: GemmChoice[] = [
      ...TILES.map((tile) => ({ tile })),
      ...(this.#library?.algorithms(gemm, caller.resolve) ?? []).map((algorithm) => ({ algorithm })),
    ];
    const ours = this.#ends(gemm, caller);
    const timed = candidates.map((choice) => ({
      choice,
      ms: this.#timeOf(gemm, choice, caller, repetitions),
    }));
    const { choice } = timed
      .toSorted((a, b) => a.ms - b.ms)
      .find(({ choice }) => {
        if ("tile" in choice) return true;
        this.#run(gemm, choice, caller);
        return nearlySame(this.#ends(gemm, caller), ours);
      })!;
    this.#file.add(gemmKey(gemm), choice);
    return choice;
  }

  /** The first and the last rows of the result, as they are now. */
  #ends({ c }: Gemm, caller: LaunchContext): Float32Array {
    this.#gpu.wait();
    const rows = Math.min(CHECKED_ROWS, c.rows);
    const ends = [0, c.rows - rows].map((from) => {
      const placed = { kind: "matrix", matrix: rowsFrom(c, from, rows) } as const;
      const bytes = new Uint8Array(deviceBytes(placed, "f32"));
      this.#gpu.driver.call("cuMemcpyDtoH", bytes, caller.resolve(placed.matrix.view), bytes.byteLength);
      return [...readResult(bytes.buffer, 0, placed)];
    });
    return Float32Array.from(ends.flat());
  }

  /** As a graph, as it will run: called one by one, short products would wait for the host, and the host would be timed. */
  #timeOf(gemm: Gemm, choice: GemmChoice, caller: LaunchContext, repetitions: number): number {
    const { driver, stream } = this.#gpu;
    try {
      const graph = this.#gpu.capture(() => {
        for (let i = 0; i < repetitions; i++) this.#run(gemm, choice, caller);
      });
      const launch = (): void => driver.call("cuGraphLaunch", graph, stream);
      launch();
      const ms = this.#gpu.time(launch);
      driver.call("cuGraphExecDestroy", graph);
      return ms;
    } catch (error) {
      // An algorithm that the library offers and then refuses.
      if ("algorithm" in choice) return Number.POSITIVE_INFINITY;
      throw error;
    }
  }
}
