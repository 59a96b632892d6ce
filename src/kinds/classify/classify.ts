import { fileURLToPath } from "node:url";
import { type AppendLoss, labelledRows } from "../../loss/token-loss.ts";
import { familyOf } from "../../model/families/index.ts";
import type { TaskSpec } from "../../task/schema.ts";
import type { TaskKind, TaskTemplate } from "../kind.ts";
import { classRows } from "./rows.ts";

/** Cross entropy of the classes at the last token of each row, by a head [K,D] on the final norm. */
const appendClassLoss: AppendLoss = (b, inputs) => {
  const { config, head } = inputs;
  if (head === undefined) throw new Error("a classification loss needs a trained head");
  const { picked, targets, lossWeights } = labelledRows(b, inputs);
  const x = familyOf(config).finalNorm(b, config, picked);
  const { y: logits } = b.node("trainedLinear", { x, weight: head }, {});
  const { lossSum, correct } = b.node("crossEntropy", { logits, targets, lossWeights }, {});
  return { lossSum, correct };
};

const template: TaskTemplate = {
  folder: fileURLToPath(new URL("../../../datasets/templates/classify", import.meta.url)),
  example: "the inbox of an invented workshop",
  parts: [
    ["task.yaml", "purpose, labels, base and criteria; each key says what it does"],
    ["policy.md", "your rules of labelling, one a line"],
    ["data/", "your texts with their labels: JSONL, or CSV with named columns"],
    ["cases/", "held-out texts with labels"],
  ],
};

/** A decoder with a trained classification head that gives a text one of the labels. */
export function classify({
  labels = [],
  class_weights,
  data,
}: Pick<TaskSpec, "labels" | "class_weights"> & {
  readonly data: Pick<TaskSpec["data"], "columns">;
}): TaskKind {
  const columns = data.columns ?? { text: "text", label: "label" };
  return {
    rows: classRows({ labels, columns, class_weights }),
    appendLoss: appendClassLoss,
    head: { labels },
    cases: ["label"],
    template,
  };
}

/** The kind with classes 0 to K-1, for values that are compared with another program. */
export const classifierOf = (labels: readonly string[]): TaskKind =>
  classify({ labels: [...labels], class_weights: "none", data: {} });
