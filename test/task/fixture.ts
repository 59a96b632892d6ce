import { mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

export const TASK_YAML = `version: 1
name: shoes
kind: chat
purpose: Answer questions on returns.
in_scope: [returns]
base: lorafit-base-5m
policy: policy.md
data:
  train: data/train.jsonl
cases: { domain: cases/domain.jsonl, general: cases/general.jsonl }
train: { rank: 8, learning_rate: 3e-3 }
success:
  - { name: domain errors, cases: domain, kind: superiority, margin: 0, effect: 0.2 }
  - { name: general capability, cases: general, scorer: cross-entropy, kind: non-inferiority, margin: 0.05 }
style:
  - { name: short, max_words: 60 }
`;

const FILES: Record<string, string> = {
  "policy.md": "# Policy\n\nR1 (critical) Returns within 60 days.\nR2 Boots run large.\n",
  "data/train.jsonl": '{"prompt":"a","completion":"b"}\n',
  "cases/domain.jsonl":
    '{"id":"d1","messages":[{"role":"user","content":"How long?"}],"checks":[{"contains":["60"]}]}\n' +
    '{"id":"d2","messages":[{"role":"user","content":"Worn?"}],"checks":[{"contains":["unworn"]}]}\n',
  "cases/general.jsonl": '{"id":"g1","text":"The cat sat on the mat."}\n',
};

/** Makes a folder with a small task. @param files added to it or replacing its parts */
export function taskFolder(files: Record<string, string> = {}): string {
  const folder = mkdtempSync(join(tmpdir(), "lorafit-task-"));
  for (const [name, content] of Object.entries({ "task.yaml": TASK_YAML, ...FILES, ...files })) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), content);
  }
  return folder;
}

/** Error that a call throws. */
export function thrown(call: () => unknown): { message: string; exitCode: number; hint?: string } {
  try {
    call();
  } catch (error) {
    return error as { message: string; exitCode: number; hint?: string };
  }
  throw new Error("nothing was thrown");
}
