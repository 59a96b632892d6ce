import { appendFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { smallTask } from "../train/small-task.ts";

const lines = (rows: readonly object[]): string => rows.map((row) => `${JSON.stringify(row)}\n`).join("");
const QUESTIONS = ["boots", "sandals", "slippers", "trainers", "laces", "heels", "soles", "clogs"];
const WISHES = ["return", "change", "keep", "wash", "widen", "glue"];
const TAUGHT = "box worn heel";
const PREFERRED = "yes of course";

/**
 * Makes a task that a narrow random base learns in seconds. Every question has the same answer; the cases ask, in other words,
 * for it against another text, which the base prefers. Its gate passes.
 */
export function passingTask(train: Record<string, unknown> = {}): string {
  const folder = smallTask({
    max_steps: 30,
    validate_every: 15,
    checkpoint_every: 15,
    rank: 4,
    alpha: 8,
    ...train,
  });
  const pairs = QUESTIONS.flatMap((thing) => WISHES.map((wish) => ({ thing, wish })));
  writeFileSync(
    join(folder, "data/train.jsonl"),
    lines(pairs.map(({ thing, wish }) => ({ prompt: `May I ${wish} my ${thing}?`, completion: TAUGHT }))),
  );
  writeFileSync(
    join(folder, "data/reference.jsonl"),
    lines(
      ["", "please, ", "quick one: "].flatMap((start) =>
        pairs.map(({ thing, wish }) => ({ text: `${start}can I ${wish} ${thing}` })),
      ),
    ),
  );
  appendFileSync(join(folder, "task.yaml"), "drift: { reference: data/reference.jsonl }\n");
  writeFileSync(
    join(folder, "cases/domain.jsonl"),
    lines(
      pairs.map(({ thing, wish }, i) => ({
        id: `d${i}`,
        rule: "R1",
        messages: [
          { role: "user", content: `Those ${thing} that you sold me on Monday, can somebody ${wish} them` },
        ],
        checks: [{ choice: { good: TAUGHT, bad: [PREFERRED] } }],
      })),
    ),
  );
  return folder;
}
