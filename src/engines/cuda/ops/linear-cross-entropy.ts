import { at, i32, rowsFrom, sliceOf } from "../commands.ts";
import type { Lowering } from "./lowering.ts";
import { sumVector } from "./optimizer.ts";

const THREADS = 256;

/** In chunks of rows: logits, in place their gradient, and its product with the head. */
export const linearCrossEntropy: Lowering<"linearCrossEntropy"> = (c) => {
  const [h, head, targets, lossWeights] = [
    c.matrix("h"),
    c.weight("weight"),
    c.vector("targets"),
    c.vector("lossWeights"),
  ];
  const [N, V] = [h.rows, head.rows];
  const [losses, correct] = [c.list.vector(N), c.list.vector(N)];
  const chunk = Math.min(N, c.attrs.chunkRows);
  const chunkLogits = c.list.matrix(chunk, V);
  for (let from = 0; from < N; from += chunk) {
    const logits = { ...chunkLogits, rows: Math.min(chunk, N - from) };
    const rows = rowsFrom(h, from, logits.rows);
    c.list.multiply({ c: logits, a: rows, b: head, layout: "nt", k: head.width });
    const each = [targets, lossWeights, losses, correct].map((vector) =>
      at(sliceOf(vector, from, logits.rows)),
    );
    c.list.launch("cross_entropy_rows", [logits.rows], THREADS, [
      at(logits),
      ...each,
      i32(V),
      i32(logits.ld),
    ]);
    if (!c.isRead("dh")) continue;
    const dh = rowsFrom(c.out("dh"), from, logits.rows);
    c.list.multiply({ c: dh, a: logits, b: head, layout: "nn", k: V });
  }
  sumVector(c.list, c.outVector("lossSum"), losses);
  sumVector(c.list, c.outVector("correct"), correct);
};
