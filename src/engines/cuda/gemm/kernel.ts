import { type Gemm, i32, type KernelCall, ptr } from "../lowering/commands.ts";
import { padded } from "../lowering/weights.ts";

/** Tiles of kernels/gemm.cu, largest first: rows and columns of C per block. */
export const TILES = [
  [128, 128],
  [128, 64],
  [64, 64],
  [64, 32],
] as const;
export type Tile = (typeof TILES)[number];
const STAGES = 4;
/** Elements of K per stage. */
const K_STEP = 32;

/** Launch of lorafit's own kernel. The order of the sum over K does not depend on the tile. */
export function gemmCall({ c, a, b, layout, k, add, bias }: Gemm, [rows, cols]: Tile): KernelCall {
  const [M, N] = [c.rows, padded(c.width)];
  return {
    kernel: `gemm_${layout}_${rows}x${cols}`,
    grid: [Math.ceil(N / cols), Math.ceil(M / rows)],
    threads: 128,
    sharedBytes: STAGES * (rows + cols) * K_STEP * 2,
    args: [
      ...[ptr(c), i32(M), i32(c.width), i32(c.ld), ptr(a), ptr(b), i32(k), i32(a.ld), i32(b.ld)],
      ...[ptr(add), i32(add?.ld ?? 0), ptr(bias)],
    ],
  };
}

/**
 * Tile with the least modelled time, for a device without a clock: waves of blocks over the multiprocessors, times the work of
 * a block and a charge for its loads, which smaller tiles reuse less.
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
