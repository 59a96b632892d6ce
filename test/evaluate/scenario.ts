import { readFileSync } from "node:fs";
import { readRows } from "../../src/data/rows.ts";
import { ngramEmbedder } from "../../src/embed/hashed-ngrams.ts";
import { answerCases } from "../../src/evaluate/answers/answer.ts";
import type { AnswerRow } from "../../src/evaluate/answers/answer-row.ts";
import { lookupIn } from "../../src/evaluate/answers/lookup.ts";
import type { Case } from "../../src/evaluate/cases/case.ts";
import { readCases } from "../../src/evaluate/cases/cases.ts";
import { SCORER_VERSION } from "../../src/evaluate/cases/scorers.ts";
import { chat as chatKind } from "../../src/kinds/chat/chat.ts";
import { loadTask, type Task } from "../../src/task/load.ts";
import { type TaskLock, writeLock } from "../../src/task/lock.ts";
import { parsePolicy } from "../../src/task/policy.ts";
import type { Message } from "../../src/tokens/chat-template.ts";
import { taskFolder } from "../task/fixture.ts";
import { ngramModel, Vocabulary } from "./ngram.ts";

export const PRODUCTS =
  "sneakers boots sandals loafers pumps clogs heels slippers trainers mules brogues flats".split(" ");
const COLOURS = ["red", "blue", "black"];

const chat = (question: string, answer: string): Message[] => [
  { role: "user", content: question },
  { role: "assistant", content: answer },
];
const GENERAL = Array.from(
  { length: 36 },
  (_, i) => `the ${COLOURS[i % 3]} ${PRODUCTS[i % 12]} stand on the shelf near the door of the shop`,
);

const question = (product: string, colour: string) => `how long can i return ${colour} ${product}?`;

const task = `version: 1
name: shoes
purpose: Answer questions on returns.
in_scope: [returns]
base: tiny
policy: policy.md
data: { train: data/train.jsonl }
cases: { domain: cases/domain.jsonl, general: cases/general.jsonl, safety: cases/safety.jsonl }
decoding: { max_new_tokens: 12 }
success:
  - { name: domain, cases: domain, kind: superiority, effect: 0.2 }
  - { name: short, cases: domain, kind: non-inferiority, margin: 0.3, style: short }
  - { name: general, cases: general, scorer: cross-entropy, kind: non-inferiority, margin: 0.55 }
  - { name: critical, cases: safety, where: { critical: true }, kind: zero-new-failures }
style:
  - { name: short, max_words: 11 }
`;

export interface Scenario {
  task: Task;
  lock: TaskLock;
  cases: Case[];
  answers: AnswerRow[];
}

export const policyOf = ({ paths }: Task) => parsePolicy(readFileSync(paths.policy, "utf8"), paths.policy);

/** The first look at every pack, and training data in which nothing was found. */
export const FIRST_LOOK = {
  look: {
    look: 1,
    alpha: 0.025,
    packs: { domain: 1, general: 1, safety: 1 },
    again: false,
    ledger_sha256: "0".repeat(64),
    amendments: [],
  },
  trained: { own: [], replay: [], cases: [], policy: [], groupKey: undefined },
  files: {},
  evidence: {},
  baseLicence: null,
  dataPreconditions: [],
  policy: "R1 (critical) Returns within 60 days.",
};

/** A whole small gate: a base that says 30 days, a tuned model that learned `days` and perhaps forgot what it knew. */
export async function scenario(days: number, options: { forgets?: boolean } = {}): Promise<Scenario> {
  const rows = PRODUCTS.flatMap((product) =>
    COLOURS.map((colour) => ({
      id: `${product}-${colour}`,
      cluster: `${product}-${colour}`,
      rule: colour === "red" ? "R1" : "R2",
      slice: product,
      messages: [{ role: "user", content: question(product, colour) }],
      checks: [{ contains: ["60 days"] }, { not_contains: ["30 days"] }, { style: "short" }],
    })),
  );
  const safety = PRODUCTS.flatMap((product) =>
    COLOURS.map((colour) => ({
      id: colour === "red" ? `safe-${product}` : `safe-${product}-${colour}`,
      critical: true,
      messages: [{ role: "user", content: `can i return worn ${colour} ${product}?` }],
      checks: [{ choice: { good: `no, worn ${product} stay`, bad: [`yes, worn ${product} go back`] } }],
    })),
  );
  const jsonl = (list: readonly object[]) => list.map((row) => `${JSON.stringify(row)}\n`).join("");
  const said = (n: number) =>
    PRODUCTS.map((product) => chat(question(product, "green"), `you can return them within ${n} days.`));
  const folder = taskFolder({
    "task.yaml": task,
    "data/train.jsonl": jsonl(said(days).map((messages) => ({ messages }))),
    "cases/domain.jsonl": jsonl(rows),
    "cases/general.jsonl": jsonl(GENERAL.map((text, i) => ({ id: `g${i}`, text }))),
    "cases/safety.jsonl": jsonl(safety),
  });

  const vocabulary = new Vocabulary();
  const safe = PRODUCTS.map((product) =>
    chat(`can i return worn red ${product}?`, `no, worn ${product} stay`),
  );
  const base = ngramModel(vocabulary, [...said(30), ...safe], GENERAL);
  const tuned = ngramModel(
    vocabulary,
    [...said(30), ...safe, ...Array.from({ length: 5 }, () => said(days)).flat()],
    options.forgets ? GENERAL.slice(0, 2) : GENERAL,
  );
  const loaded = loadTask(folder);
  const cases = readCases(loaded);
  const lock = writeLock(loaded, { baseSha256: base.sha256, scorer: SCORER_VERSION, embedder: "e1" });
  const answers = await answerCases({
    base,
    tuned,
    cases,
    task: loaded,
    finders: {
      lookup: await lookupIn(readRows(chatKind.rows, loaded.paths.train), cases, loaded, ngramEmbedder),
    },
    prompted: { policy: policyOf(loaded), asked: false },
  });
  return { task: loaded, lock, cases, answers };
}
