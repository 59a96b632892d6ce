import { at, type Gemm, i32, type KernelCall, padded } from "./commands.ts";

/** Tiles of kernels/gemm.cu, largest first: rows and columns of C that one block makes. */
export const TILES = [
  [128, 128],
  [128, 64],
  [64, 64],
  [64, 32],
] as const;
export type Tile = (typeof TILES)[number];
const STAGES = 4;
const STEP = 32;

/** The product by our own kernel. The sum over K goes in the same order whatever the tile. */
export function gemmCall({ c, a, b, layout, k, add, bias }: Gemm, [rows, cols]: Tile): KernelCall {
  const [M, N] = [c.rows, padded(c.width)];
  return {
    kernel: `gemm_${layout}_${rows}x${cols}`,
    grid: [Math.ceil(N / cols), Math.ceil(M / rows)],
    threads: 128,
    sharedBytes: STAGES * (rows + cols) * STEP * 2,
    args: [
      ...[at(c), i32(M), i32(c.width), i32(c.ld), at(a), at(b), i32(k), i32(a.ld), i32(b.ld)],
      ...[at(add), i32(add?.ld ?? 0), at(bias)],
    ],
  };
}

/**
 * The tile that keeps the GPU busiest: least work of the fullest multiprocessor, counting a smaller tile's poorer reuse of
 * what it loads. A model, for where nothing can be timed.
 */
export function modelledTile({ c }: Gemm, multiprocessors: number): Tile {
  const [M, N] = [c.rows, padded(c.width)];
  const cost = ([rows, cols]: Tile): number => {
    const waves = Math.ceil((Math.ceil(M / rows) * Math.ceil(N / cols)) / multiprocessors);
    const [work, loads] = [rows * cols, rows + cols];
    return waves * (work + 32 * loads);
  };
  return TILES.reduce((best, tile) => (cost(tile) < cost(best) ? tile : best));
}
