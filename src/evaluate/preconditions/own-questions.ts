import { counted } from "../../formats/counted.ts";
import { percent } from "../../formats/percent.ts";
import { hash32 } from "../../rng.ts";
import type { Task } from "../../task/load.ts";
import type { CheckName } from "../../task/schema.ts";
import type { Answered, AnswerRow } from "../answers/answer-row.ts";
import type { Case } from "../cases/case.ts";
import { isChat } from "../cases/kinds/chat.ts";
import { type Check, judgeCheck } from "../checks/index.ts";
import { dealingMatters, type FitTable, fitOf } from "./deal.ts";
import type { Precondition } from "./preconditions.ts";

/** Level at which answers that are unrelated to their questions may pass; docs/gate.md has the power. */
export const FIT_LEVEL = 0.01;
/** Fewer clusters refuse nothing: weak but fitting answers may look like unrelated ones. */
const ENOUGH = 100;
/** Own and dealt shares from which on the checks accept nearly every answer, so that they cannot tell which question it is to. */
const LENIENT = 0.8;
/** Questions per pack: every answer is judged by every question's checks. Of a larger pack a sample is taken, by hash of the cluster. */
const MOST = 500;
/** Checks that read more than the answer's text. */
const BEYOND_TEXT: ReadonlySet<CheckName> = new Set(["choice", "consistent_with", "script"]);

interface Asked {
  readonly cluster: string;
  readonly checks: readonly Check[];
  readonly answer: Answered;
}

/** The pass table of a pack. */
export interface PackTable extends FitTable {
  readonly pack: string;
}

const keyOf = ({ checks }: Asked): string => JSON.stringify(checks);

/** One table per pack whose checks on the text can tell answers apart. */
export function fitTables(task: Task, cases: readonly Case[], answers: readonly AnswerRow[]): PackTable[] {
  const given = new Map(answers.map(({ id, tuned }) => [id, tuned]));
  const packs = new Map<string, Asked[]>();
  for (const { id, pack, cluster, body } of cases.filter(isChat)) {
    const answer = given.get(id);
    const checks = body.checks.filter(({ kind }) => !BEYOND_TEXT.has(kind));
    if (answer?.output === undefined || checks.length === 0) continue;
    packs.set(pack, [...(packs.get(pack) ?? []), { cluster, checks, answer }]);
  }
  return [...packs]
    .map(([pack, asked]) => {
      const sample = asked.filter(({ cluster }) => hash32(cluster) < (2 ** 32 * MOST) / asked.length);
      return { pack, ...tableOf(sample, task) };
    })
    .filter(dealingMatters);
}

function tableOf(asked: readonly Asked[], rules: Task): FitTable {
  const context = { rules, scripts: new Map(), groups: new Map() };
  const said = ({ output, finish }: Answered) => `${finish} ${output}`;
  const distinct = new Map(asked.map(({ answer }) => [said(answer), answer]));
  const passes = ({ output = "", finish }: Answered, checks: readonly Check[]) => {
    const answer = { id: "", text: output, finish, options: new Map(), row: {} };
    return checks.every((check) => judgeCheck(check, answer, context).passed);
  };
  // Many questions have the same checks, and many answers are the same.
  const kinds = new Map(asked.map((question) => [keyOf(question), question.checks]));
  const passing = new Map(
    [...kinds].map(([key, checks]) => [
      key,
      new Set([...distinct].flatMap(([text, answer]) => (passes(answer, checks) ? [text] : []))),
    ]),
  );
  const clusters = new Map<string, number[]>();
  for (const [i, { cluster }] of asked.entries())
    clusters.set(cluster, [...(clusters.get(cluster) ?? []), i]);
  return {
    passes: asked.map((question) =>
      Uint8Array.from(asked, ({ answer }) => (passing.get(keyOf(question))!.has(said(answer)) ? 1 : 0)),
    ),
    clusters: [...clusters.values()],
  };
}

/**
 * Permutation test for answers that pass the checks of their own questions no more often than those of each other's: the model
 * learned what the checks look for, and not when to say it.
 */
export function answersFitQuestions(
  task: Task,
  cases: readonly Case[],
  answers: readonly AnswerRow[],
): Precondition {
  const name = "answers fit their questions";
  const tables = fitTables(task, cases, answers);
  if (tables.length === 0) {
    const evidence = "in no pack does it matter to the checks which question an answer is to";
    return { name, outcome: "not applicable", evidence };
  }
  const { own, dealt, p } = fitOf(tables, task.seed);
  const used = tables.map(({ pack, passes }) => `${passes.length} of ${pack}`).join(", ");
  const found =
    `counting ${used} and checks on the text alone, ${percent(own)} of the answers pass at their own question, ` +
    `${percent(dealt)} when dealt out over the questions of their pack: p = ${p.toFixed(4)}, at most ${FIT_LEVEL} was asked`;
  if (p <= FIT_LEVEL) return { name, outcome: "pass", evidence: found };
  if (Math.min(own, dealt) >= LENIENT) {
    const evidence = `${found}; the checks accept nearly every answer, so they cannot tell`;
    return { name, outcome: "not applicable", evidence };
  }
  const clusters = tables.reduce((total, table) => total + table.clusters.length, 0);
  if (clusters >= ENOUGH) return { name, outcome: "fail", evidence: found };
  const few = `${counted(clusters, "cluster")} ${clusters === 1 ? "is" : "are"} too few to tell: at least ${ENOUGH} are needed`;
  return { name, outcome: "inconclusive", evidence: `${found}; ${few}` };
}
