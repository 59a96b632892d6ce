import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { taskFolder } from "../task/fixture.ts";

const shoes = fileURLToPath(new URL("../../datasets/awesomeshoes/data/", import.meta.url));
const rows = (file: string, count: number): Record<string, unknown>[] =>
  readFileSync(join(shoes, file), "utf8")
    .split("\n")
    .slice(0, count)
    .map((line) => JSON.parse(line) as Record<string, unknown>);
const lines = (list: readonly object[]): string => list.map((row) => `${JSON.stringify(row)}\n`).join("");

/** Makes a task on the bundled base that is trained on few answers until general text suffers. */
export function forgetfulTask(train: Record<string, unknown> = {}): string {
  const settings = {
    rank: 8,
    alpha: 16,
    max_steps: 24,
    learning_rate: 0.01,
    tokens_per_step: 512,
    sequence_length: 128,
    validate_every: 8,
    checkpoint_every: 8,
    ...train,
  };
  const pool = rows("replay.jsonl", 200).filter((row) => JSON.stringify(row).length < 500);
  const folder = taskFolder({
    "data/train.jsonl": lines(
      Array.from({ length: 60 }, (_, i) => ({
        prompt: `Order ${100 + i}: may I send these boots back after ${20 + i} days?`,
        completion: i < 41 ? "Yes, within 60 days, unworn and in the box." : "No, 60 days are over.",
      })),
    ),
    "data/replay.jsonl": lines(pool),
    "cases/general.jsonl": lines(
      readFileSync(join(shoes, "../../general/general.jsonl"), "utf8")
        .split("\n", 40)
        .map((line) => JSON.parse(line) as object),
    ),
  });
  writeFileSync(
    join(folder, "task.yaml"),
    `version: 1
name: forgetful
purpose: Answer questions on returns.
in_scope: [returns]
base: lorafit-base-5m
policy: policy.md
data: { train: data/train.jsonl, replay: { file: data/replay.jsonl, share: 0.1 } }
cases: { general: cases/general.jsonl }
train: ${JSON.stringify(settings)}
success:
  - { name: general capability, cases: general, scorer: cross-entropy, kind: non-inferiority, margin: 0.05 }
`,
  );
  return folder;
}
