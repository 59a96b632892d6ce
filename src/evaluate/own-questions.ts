import { percent } from "../formats/percent.ts";
import { hash32 } from "../rng.ts";
import type { Task } from "../task/load.ts";
import type { CheckName } from "../task/schema.ts";
import type { AnswerRow } from "./answer-row.ts";
import type { Case } from "./cases.ts";
import { type Check, judgeCheck } from "./checks/index.ts";
import { type FitTable, fitOf } from "./deal.ts";
import type { Precondition } from "./preconditions.ts";

/** How often answers that have nothing to do with their questions may pass; docs/gate.md has what it costs good ones. */
export const FIT_LEVEL = 0.01;
/** Fewer clusters refuse nothing: weak but fitting answers may look like unrelated ones. */
const ENOUGH = 100;
/** Every answer is held against every question: of a larger pack about so many are taken, by the hash of their clusters' names. */
const MOST = 500;
/** What these checks say depends on more than the answer's text. */
const BEYOND_TEXT: ReadonlySet<CheckName> = new Set(["choice", "consistent_with", "script"]);

interface Asked {
  readonly cluster: string;
  readonly checks: readonly Check[];
  readonly text: string;
}

const keyOf = ({ checks }: Asked): string => JSON.stringify(checks);

/** One table a pack whose questions ask for different things of an answer's text; none for another. */
export function fitTables(task: Task, cases: readonly Case[], answers: readonly AnswerRow[]): FitTable[] {
  const outputs = new Map(answers.map(({ id, tuned }) => [id, tuned.finish && tuned.output]));
  const packs = new Map<string, Asked[]>();
  for (const { id, pack, cluster, body } of cases) {
    const text = outputs.get(id);
    const checks = body.kind === "chat" ? body.checks.filter(({ kind }) => !BEYOND_TEXT.has(kind)) : [];
    if (text === undefined || checks.length === 0) continue;
    packs.set(pack, [...(packs.get(pack) ?? []), { cluster, checks, text }]);
  }
  return [...packs.values()]
    .map((asked) => asked.filter(({ cluster }) => hash32(cluster) < (2 ** 32 * MOST) / asked.length))
    .filter((asked) => new Set(asked.map(keyOf)).size > 1)
    .map((asked) => tableOf(asked, task));
}

function tableOf(asked: readonly Asked[], rules: Task): FitTable {
  const context = { rules, scripts: new Map(), groups: new Map() };
  const texts = [...new Set(asked.map(({ text }) => text))];
  const passes = (text: string, checks: readonly Check[]) => {
    const answer = { id: "", text, options: new Map(), row: {} };
    return checks.every((check) => judgeCheck(check, answer, context).passed);
  };
  // Many questions ask for the same, and many answers are the same.
  const kinds = new Map(asked.map((question) => [keyOf(question), question.checks]));
  const passing = new Map(
    [...kinds].map(([key, checks]) => [key, new Set(texts.filter((text) => passes(text, checks)))]),
  );
  const clusters = new Map<string, number[]>();
  for (const [i, { cluster }] of asked.entries())
    clusters.set(cluster, [...(clusters.get(cluster) ?? []), i]);
  return {
    passes: asked.map((question) =>
      Uint8Array.from(asked, ({ text }) => (passing.get(keyOf(question))!.has(text) ? 1 : 0)),
    ),
    clusters: [...clusters.values()],
  };
}

/**
 * Answers that pass the checks of their own questions no more often than those of each other's: the model learned what the checks
 * look for, and not when to say it.
 */
export function answersFitQuestions(
  task: Task,
  cases: readonly Case[],
  answers: readonly AnswerRow[],
): Precondition {
  const name = "answers fit their questions";
  const tables = fitTables(task, cases, answers);
  if (tables.length === 0) {
    const evidence = "no pack has questions that ask for different things of an answer's text";
    return { name, outcome: "not applicable", evidence };
  }
  const { own, dealt, p } = fitOf(tables, task.seed);
  const found =
    `${percent(own)} of the answers pass their own question's checks, ${percent(dealt)} when dealt out over ` +
    `the questions of their pack: p = ${p.toFixed(4)}, at most ${FIT_LEVEL} was asked`;
  if (p <= FIT_LEVEL) return { name, outcome: "pass", evidence: found };
  const clusters = tables.reduce((total, table) => total + table.clusters.length, 0);
  if (clusters >= ENOUGH) return { name, outcome: "fail", evidence: found };
  const few = `${clusters} clusters are too few to tell: at least ${ENOUGH} are needed`;
  return { name, outcome: "inconclusive", evidence: `${found}; ${few}` };
}
