import { at, type CommandList, i32, type Matrix, padded, type Vector } from "./commands.ts";

/** Tiles of kernels/gemm.cu, largest first: rows and columns of C that one block makes. */
const TILES = [
  [128, 128],
  [64, 64],
  [64, 32],
] as const;
const STAGES = 4;
const STEP = 32;

export interface Product {
  readonly c: Matrix;
  readonly a: Matrix;
  readonly b: Matrix;
  /** nt: C = A Bᵀ, b [N, K]. nn: C = A B, b [K, N]. */
  readonly layout: "nt" | "nn";
  readonly k: number;
  readonly add?: Matrix | undefined;
  /** Float32 [N]. */
  readonly bias?: Vector | undefined;
}

/** C [M,N] = A B (+ add) (+ bias) on tensor cores. The sum over K goes in the same order whatever the tile. */
export function product(list: CommandList, multiprocessors: number, product: Product): void {
  const { c, a, b, layout, k, add, bias } = product;
  const [M, N] = [c.rows, padded(c.width)];
  const [rows, cols] = tileFor(M, N, multiprocessors);
  list.launch(
    `gemm_${layout}_${rows}x${cols}`,
    [Math.ceil(N / cols), Math.ceil(M / rows)],
    128,
    [
      ...[at(c), i32(M), i32(c.width), i32(c.ld), at(a), at(b), i32(k), i32(a.ld), i32(b.ld)],
      ...[at(add), i32(add?.ld ?? 0), at(bias)],
    ],
    STAGES * (rows + cols) * STEP * 2,
  );
}

/**
 * The tile that keeps the GPU busiest: least work of the fullest multiprocessor, counting a smaller tile's poorer reuse of
 * what it loads. A model, not yet a measurement.
 */
function tileFor(M: number, N: number, multiprocessors: number): (typeof TILES)[number] {
  const cost = ([rows, cols]: (typeof TILES)[number]): number => {
    const waves = Math.ceil((Math.ceil(M / rows) * Math.ceil(N / cols)) / multiprocessors);
    const [work, loads] = [rows * cols, rows + cols];
    return waves * (work + 32 * loads);
  };
  return TILES.reduce((best, tile) => (cost(tile) < cost(best) ? tile : best));
}
