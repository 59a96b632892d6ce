import { keepThreshold } from "../../../philox.ts";
import type { Value } from "../../../program/program.ts";
import { at, type CommandList, f32, i32, i64, type Matrix, type Vector } from "../commands.ts";
import { blocksFor, VECTOR8_THREADS, vector8Grid } from "./lowering.ts";

/** Seed (two), step and micro-step of the mask's counter. */
export const MASK_WORDS = 4;

/** The mask of a site, as philox.ts makes it. It lives until its last reader: made again, it takes less memory than kept. */
export function makeMask(
  list: CommandList,
  words: Vector,
  { site, dropout }: NonNullable<Value["mask"]>,
  length: number,
): Vector {
  const dropoutMask = list.bytes(length);
  const numbers = [i32(site), i32(keepThreshold(dropout)), i64(length)];
  list.launch("philox_mask", [blocksFor(length / 8, VECTOR8_THREADS)], VECTOR8_THREADS, [
    at(dropoutMask),
    at(words),
    ...numbers,
  ]);
  return dropoutMask;
}

/** x keep / (1 - dropout) (+ add). */
export function drop(
  list: CommandList,
  x: Matrix,
  dropoutMask: Vector,
  dropout: number,
  { out = list.matrix(x.rows, x.width), add }: { out?: Matrix; add?: Matrix } = {},
): Matrix {
  const sizes = [x.rows, x.width, out.ld, x.ld, add?.ld ?? 0].map(i32);
  const args = [at(out), at(x), at(dropoutMask), at(add), f32(1 / (1 - dropout)), ...sizes];
  list.launch("drop_rows", vector8Grid(x), VECTOR8_THREADS, args);
  return out;
}
