import { i32, ptr, rowSlice, vectorSlice } from "../lowering/commands.ts";
import type { Lowering } from "./lowering.ts";
import { sumVector } from "./optimizer.ts";

const THREADS = 256;

/** Chunks start at multiples of this, the largest tile of the GEMM. */
const ROW_UNIT = 128;

/**
 * Rows per chunk, at most `limit`: the fewest chunks that the limit allows, equal up to ROW_UNIT. Qwen2.5-0.5B at 2,048 labelled
 * rows and a limit of 883: 768, 768 and 512 rows instead of 883, 883 and 282.
 */
export function chunkRows(rows: number, limit: number): number {
  if (rows <= limit) return rows;
  const equal = Math.ceil(rows / Math.ceil(rows / limit));
  const aligned = Math.ceil(equal / ROW_UNIT) * ROW_UNIT;
  if (aligned <= limit) return aligned;
  return limit < ROW_UNIT ? limit : Math.floor(limit / ROW_UNIT) * ROW_UNIT;
}

/** For each chunk of rows: logits, their gradient in place, and its product with the head. */
export const linearCrossEntropy: Lowering<"linearCrossEntropy"> = (c) => {
  const [h, head, targets, lossWeights] = [
    c.matrix("h"),
    c.weight("weight"),
    c.vector("targets"),
    c.vector("lossWeights"),
  ];
  const [N, V] = [h.rows, head.rows];
  const [losses, correct] = [c.list.vector(N), c.list.vector(N)];
  const chunk = chunkRows(N, c.attrs.chunkRows);
  const chunkLogits = c.list.matrix(chunk, V);
  for (let from = 0; from < N; from += chunk) {
    const logits = { ...chunkLogits, rows: Math.min(chunk, N - from) };
    const rows = rowSlice(h, from, logits.rows);
    c.list.multiply({ c: logits, a: rows, b: head, layout: "nt", k: head.width });
    const each = [targets, lossWeights, losses, correct].map((vector) =>
      ptr(vectorSlice(vector, from, logits.rows)),
    );
    c.list.launch("cross_entropy_rows", [logits.rows], THREADS, [
      ptr(logits),
      ...each,
      i32(V),
      i32(logits.ld),
    ]);
    if (!c.isRead("dh")) continue;
    const dh = rowSlice(c.out("dh"), from, logits.rows);
    c.list.multiply({ c: dh, a: logits, b: head, layout: "nn", k: V });
  }
  sumVector(c.list, c.outVector("lossSum"), losses);
  sumVector(c.list, c.outVector("correct"), correct);
};
