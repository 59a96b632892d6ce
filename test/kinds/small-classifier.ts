import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { createRng } from "../../src/rng.ts";
import { smallTask } from "../train/small-task.ts";

const LABELS = ["fit", "refund", "delay"];
const TELLING = [
  ["tight", "wide", "narrow"],
  ["money", "paid", "charge"],
  ["late", "waiting", "parcel"],
];
const FILLERS = "boots please my order the is again today hello still very here now this shoe from".split(
  " ",
);

/** Texts of which one word tells the label. */
function texts(count: number, seed: string): { text: string; label: string }[] {
  const rng = createRng(seed);
  const pick = (of: readonly string[]): string => of[rng.int(of.length)]!;
  return Array.from({ length: count }, (_, n) => {
    const k = n % LABELS.length;
    const text = `${pick(FILLERS)} ${pick(FILLERS)} ${pick(FILLERS)} ${pick(TELLING[k]!)}`;
    return { text, label: LABELS[k]! };
  });
}

/** A task of kind classify on a random base of one narrow layer, its rows in a CSV file. */
export function smallClassifier(
  train: Record<string, unknown> = {},
  { keys = "", success = "" }: { readonly keys?: string; readonly success?: string } = {},
): string {
  const folder = smallTask();
  const settings = {
    ...{
      rank: 4,
      alpha: 8,
      max_steps: 24,
      learning_rate: 0.02,
      tokens_per_step: 128,
      micro_batch_tokens: 64,
    },
    ...{ sequence_length: 64, validate_every: 6, checkpoint_every: 4, threads: 1, ...train },
  };
  const csv = texts(96, "train").map(({ text, label }) => `"${text}",${label}\n`);
  writeFileSync(join(folder, "data/train.csv"), `body,topic\n${csv.join("")}`);
  const cases = texts(36, "cases").map((row, i) => `${JSON.stringify({ id: `c${i}`, ...row })}\n`);
  writeFileSync(join(folder, "cases/domain.jsonl"), cases.join(""));
  writeFileSync(
    join(folder, "task.yaml"),
    `version: 1
name: small
kind: classify
labels: [${LABELS.join(", ")}]
${keys}
purpose: Sort messages.
in_scope: [messages]
base: base
policy: policy.md
data: { train: data/train.csv, columns: { text: body, label: topic } }
cases: { domain: cases/domain.jsonl }
train: ${JSON.stringify(settings)}
success:
  - { name: sorting, cases: domain, scorer: accuracy, kind: superiority, margin: 0, effect: 0.2 }
  - { name: floor, cases: domain, scorer: accuracy, kind: at-least, floor: 0.5 }
  - { name: no worse, cases: domain, kind: non-inferiority, margin: 0.1 }
  - { name: none lost, cases: domain, kind: zero-new-failures }
  - { name: words, cases: domain, scorer: accuracy, kind: superiority, against: tfidf, effect: 0.1 }
${success}`,
  );
  return folder;
}
