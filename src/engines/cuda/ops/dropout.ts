import { keepThreshold } from "../../../philox.ts";
import type { Value } from "../../../program/program.ts";
import { type CommandList, f32, i32, i64, type Matrix, ptr, type Vector } from "../lowering/commands.ts";
import { blocksFor, VECTOR8_THREADS, vector8Grid } from "./lowering.ts";

/** Words of a mask's key and counter: seed (two), step, micro-step. */
export const MASK_WORDS = 4;

/** Generates the mask of a site as philox.ts does. Forward and backward generate it separately, which takes less memory than keeping it. */
export function generateMask(
  list: CommandList,
  words: Vector,
  { site, dropout }: NonNullable<Value["mask"]>,
  length: number,
): Vector {
  const dropoutMask = list.bytes(length);
  const numbers = [i32(site), i32(keepThreshold(dropout)), i64(length)];
  list.launch("philox_mask", [blocksFor(length / 8, VECTOR8_THREADS)], VECTOR8_THREADS, [
    ptr(dropoutMask),
    ptr(words),
    ...numbers,
  ]);
  return dropoutMask;
}

/** out = x dropoutMask / (1 - dropout) (+ add). */
export function applyDropout(
  list: CommandList,
  x: Matrix,
  dropoutMask: Vector,
  dropout: number,
  { out = list.matrix(x.rows, x.width), add }: { out?: Matrix; add?: Matrix } = {},
): Matrix {
  const sizes = [x.rows, x.width, out.ld, x.ld, add?.ld ?? 0].map(i32);
  const args = [ptr(out), ptr(x), ptr(dropoutMask), ptr(add), f32(1 / (1 - dropout)), ...sizes];
  list.launch("drop_rows", vector8Grid(x), VECTOR8_THREADS, args);
  return out;
}
