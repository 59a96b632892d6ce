import { taskFinders } from "../data/curate/private/private.ts";
import { EXIT, LorafitError, listMistakes } from "../errors.ts";
import type { Task } from "../task/load.ts";
import { lockSha256, type TaskLock } from "../task/lock.ts";
import { CONTESTANTS, type Contestant, type Criterion, GRADED } from "../task/schema.ts";
import type { Answered, AnswerRow } from "./answers/answer-row.ts";
import type { Case } from "./cases/case.ts";
import { isChat } from "./cases/kinds/chat.ts";
import { caseKindOf } from "./cases/kinds/index.ts";
import { scoreOf } from "./cases/scorers.ts";
import { announcedSlices, contestantOf, selectCases } from "./cases/select.ts";
import { type CriterionResult, judge, overall } from "./decision/decide.ts";
import type { Outcome, PairedScore } from "./decision/evidence.ts";
import { disagreements, type SeedResult, seedResult } from "./decision/seeds.ts";
import { type SliceResult, slicesOf } from "./decision/slices.ts";
import { clusterMeans, meanOf } from "./decision/statistics.ts";
import { type LabelResult, labelResults } from "./label-results.ts";
import { type Amendment, type Look, levelOf } from "./looks/looks.ts";
import type { TrainedRows } from "./preconditions/data-preconditions.ts";
import { answersFitQuestions } from "./preconditions/own-questions.ts";
import { answerPreconditions, type Precondition } from "./preconditions/preconditions.ts";
import { nothingGivenAway } from "./preconditions/private-answers.ts";
import { resultText } from "./result-text.ts";
import { type RightCount, rightCounts } from "./right-counts.ts";

/** verdict.json. Terminal text, file and exit code all come from this one value. */
export interface Verdict {
  verdict: Outcome;
  exit_code: number;
  task: string;
  /** Number of this look at the cases; the largest of any pack. */
  look: number;
  /** One-sided level of that look; a criterion on fresher cases has its own. */
  alpha: number;
  /** Changes of the lock after results had been seen, oldest first. */
  amendments: Amendment[];
  /** Conditions on the artefact and its data; one that fails refuses, whatever the criteria say. */
  preconditions: Precondition[];
  criteria: CriterionResult[];
  /** Scores of models that a user would otherwise deploy, by criterion; each cluster weighs one. */
  contestants: Partial<Record<Contestant, Record<string, number>>>;
  /** Cases that base, tuned model and contestants get right, for each set of cases that a criterion is judged on. */
  right: RightCount[];
  /** Of packs whose cases have one right label. */
  labels?: LabelResult[];
  flips: { fixed: string[]; broken: string[] };
  slices: SliceResult[];
  counts: { cases: number; answered: number; passed_base: number; passed_tuned: number };
  /** Cases without an answer; each counts as failed. */
  missing: string[];
  /** Reasons against a pass, each in one line that begins with its name. */
  reasons: string[];
  scorer: string;
  seed: number;
  /** Results of each seed, the shipped one first; only with several seeds. */
  seeds?: SeedResult[];
  /** The base's weights, as locked. */
  base_sha256: string;
  /** The base's export, which answered. */
  base_artifact_sha256: string;
  artifact_sha256: string;
  lock_sha256: string;
  /** SHA-256 of every file that a release copies, by its name there: adapter, model, task, policy, settings, curation, drift reference. */
  files: Readonly<Record<string, string>>;
  /** SHA-256 of every other file of the run that the verdict rests on, by its path in the run: answers, metrics, the base's export. */
  evidence: Readonly<Record<string, string>>;
  /** Licence that the base states; null when it states none. */
  base_licence: string | null;
  /** The ledger's entry of this look. */
  ledger_sha256: string;
}

export interface GateInput {
  task: Task;
  lock: TaskLock;
  cases: readonly Case[];
  answers: readonly AnswerRow[];
  /** Hash of the tuned artefact that is on disk now. */
  artifactSha256: string;
  /** Hashes of the files that ship, and of the others that the verdict rests on. */
  files: Readonly<Record<string, string>>;
  evidence: Readonly<Record<string, string>>;
  baseLicence: string | null;
  look: Look;
  /** Rows that the run was trained on. */
  trained: TrainedRows;
  /** Outcomes of the checks of the training rows. */
  dataPreconditions: readonly Precondition[];
  /** Text of the policy. */
  policy: string;
  /** With several seeds, that of these answers, and how the others did. */
  seeds?: { own: number; others: readonly SeedResult[] };
}

const EXIT_OF = { pass: EXIT.done, fail: EXIT.failed, inconclusive: EXIT.inconclusive };

function checkAnswers({ lock, cases, answers, artifactSha256 }: GateInput): void {
  const known = new Map(cases.map((item) => [item.id, item]));
  const wrong: string[] = answers.length === 0 ? ["there are none"] : [];
  const seen = new Set<string>();
  for (const answer of answers) {
    const item = known.get(answer.id);
    if (seen.has(answer.id)) wrong.push(`${answer.id}: is answered twice`);
    seen.add(answer.id);
    if (item === undefined) wrong.push(`${answer.id}: is no case of the task`);
    else if (answer.hash !== item.hash)
      wrong.push(`${answer.id}: the case has changed since it was answered`);
  }
  if (answers.some((answer) => answer.artifact_sha256 !== artifactSha256)) {
    wrong.push("the tuned export is not the one that answered");
  }
  if (answers.some((answer) => answer.base_sha256 !== answers[0]?.base_sha256))
    wrong.push("several bases answered");
  for (const [pack, { cases: ids }] of Object.entries(lock.cases)) {
    for (const id of Object.keys(ids))
      if (!known.has(id)) wrong.push(`${pack}: ${id} is in the lock but not a case`);
  }
  if (wrong.length === 0) return;
  throw new LorafitError(
    "mismatch",
    `the answers do not belong to this task and artefact:\n${listMistakes(wrong)}`,
    {
      hint: "run `lorafit eval` again",
    },
  );
}

function contestantAnswer(answer: AnswerRow, contestant: Contestant): Answered {
  const given = answer.contestants?.[contestant];
  if (given !== undefined) return given;
  throw new LorafitError(
    "mismatch",
    `${answer.id}: ${contestant}, which a criterion is against, has no answer`,
    {
      hint: "run `lorafit eval` again",
    },
  );
}

/** Scores of the contestants that answered every case of a criterion, each cluster weighing one. */
function contestantScores(
  input: GateInput,
  answers: ReadonlyMap<string, AnswerRow>,
): Partial<Record<Contestant, Record<string, number>>> {
  const table: Partial<Record<Contestant, Record<string, number>>> = {};
  for (const contestant of CONTESTANTS) {
    for (const criterion of input.task.success) {
      const rows = selectCases(criterion, input.cases).flatMap(({ id, cluster }) => {
        const given = answers.get(id)?.contestants?.[contestant];
        return given === undefined ? [] : [{ cluster, value: scoreOf(criterion, given, input.task.style) }];
      });
      if (rows.length === 0) continue;
      table[contestant] = {
        ...table[contestant],
        [criterion.name]: meanOf(clusterMeans(rows).means),
      };
    }
  }
  return table;
}

/** Scores that count most against the tuned model; cross entropy: one nat worse. */
const worstScores = ({ kind, scorer }: Criterion) =>
  scorer === "cross-entropy" || kind === "at-most" ? { base: 0, tuned: 1 } : { base: 1, tuned: 0 };

/** Scores of the criterion's cases. One without an answer counts against the tuned model as much as it can. */
function scoresOf(criterion: Criterion, input: GateInput, answers: ReadonlyMap<string, AnswerRow>) {
  const scores: PairedScore[] = [];
  const missing: string[] = [];
  const { style } = input.task;
  for (const { id, cluster } of selectCases(criterion, input.cases)) {
    const answer = answers.get(id);
    if (answer === undefined) {
      missing.push(id);
      scores.push({ id, cluster, ...worstScores(criterion), ...(contestantOf(criterion) && { against: 1 }) });
    } else {
      const [base, tuned] = [answer.base, answer.tuned].map((side) => scoreOf(criterion, side, style));
      const rival = contestantOf(criterion);
      const against = rival && contestantAnswer(answer, rival);
      scores.push({
        id,
        cluster,
        base: base!,
        tuned: tuned!,
        ...(against && { against: scoreOf(criterion, against, style) }),
      });
    }
  }
  return { scores, missing };
}

/**
 * Chance level of a criterion on general capability, where a base near chance has nothing to lose: one half for
 * minimal pairs, one in the number of options for choices. Undefined elsewhere.
 */
function chanceOf(criterion: Criterion, cases: readonly Case[]): number | undefined {
  if (criterion.kind !== "non-inferiority" || GRADED.has(criterion.scorer)) return undefined;
  if (!cases.some((item) => item.pack === criterion.cases && !isChat(item))) return undefined;
  const levels = selectCases(criterion, cases).map((item) => caseKindOf(item).chanceOf(item.body));
  if (levels.includes(undefined)) return undefined;
  return levels.reduce<number>((total, level) => total + level! / levels.length, 0);
}

function reasonsOf(preconditions: readonly Precondition[], criteria: readonly CriterionResult[]): string[] {
  const open = (outcome: string) => (outcome === "fail" ? "" : "undecided, ");
  return [
    ...preconditions.map(({ name, outcome, evidence }) => ({ name, outcome, why: evidence })),
    ...criteria.map((criterion) => ({ ...criterion, why: resultText(criterion) })),
  ]
    .filter(({ outcome }) => outcome === "fail" || outcome === "inconclusive")
    .map(({ name, outcome, why }) => `${name}: ${open(outcome)}${why}`);
}

/**
 * Decides whether the tuned artefact may be deployed in place of the base. The caller has compared the task with its
 * lock (`checkLock`) and written the look to the ledger (`takeLook`).
 * @throws mismatch error when answers, cases, lock and artefact do not belong together
 */
export function gate(input: GateInput): Verdict {
  checkAnswers(input);
  const { task, cases, look } = input;
  const byId = new Map(input.answers.map((answer) => [answer.id, answer]));
  const criteria = task.success.map((criterion) => {
    const { scores, missing } = scoresOf(criterion, input, byId);
    const chance = chanceOf(criterion, cases);
    const options = {
      alpha: levelOf(look.packs[criterion.cases]!),
      seed: task.seed,
      missing,
      ...(chance !== undefined && { chance }),
      announced: announcedSlices(criterion).map((slice) => ({
        where: slice.announced,
        scores: scoresOf(slice.criterion, input, byId).scores,
      })),
    };
    return judge(criterion, scores, options);
  });
  const finders = taskFinders(task);
  const preconditions = [
    ...answerPreconditions(input.answers),
    nothingGivenAway(input.answers, input.policy, input.trained, finders),
    answersFitQuestions(task, cases, input.answers),
    ...input.dataPreconditions,
  ];
  const seeds = input.seeds && [seedResult(input.seeds.own, ".", criteria), ...input.seeds.others];
  const doubts = disagreements(seeds ?? []);
  const outcomes = [...preconditions, ...criteria].map(({ outcome }) => outcome);
  const verdict = overall(doubts.length > 0 ? [...outcomes, "inconclusive"] : outcomes);
  const labels = labelResults(input.answers, task.hand_over);
  const scored = input.answers.filter((answer) => answer.kind !== "text");
  const passed = (who: "base" | "tuned") => scored.filter((answer) => answer[who].score === 1).length;
  const flips = (better: "base" | "tuned", worse: "base" | "tuned") =>
    scored.filter((answer) => answer[better].score > answer[worse].score).map((answer) => answer.id);
  return {
    verdict,
    exit_code: EXIT_OF[verdict],
    task: task.name,
    look: look.look,
    alpha: look.alpha,
    amendments: [...look.amendments],
    preconditions,
    criteria,
    contestants: contestantScores(input, byId),
    right: rightCounts(task, cases, byId),
    ...(labels.length > 0 && { labels }),
    flips: { fixed: flips("tuned", "base"), broken: flips("base", "tuned") },
    slices: slicesOf(scored),
    counts: {
      cases: cases.length,
      answered: byId.size,
      passed_base: passed("base"),
      passed_tuned: passed("tuned"),
    },
    missing: cases.filter((item) => !byId.has(item.id)).map((item) => item.id),
    reasons: [...reasonsOf(preconditions, criteria), ...doubts],
    scorer: input.lock.scorer,
    seed: task.seed,
    ...(seeds !== undefined && { seeds }),
    base_sha256: input.lock.base.sha256,
    base_artifact_sha256: input.answers[0]!.base_sha256,
    artifact_sha256: input.artifactSha256,
    lock_sha256: lockSha256(input.lock),
    files: input.files,
    evidence: input.evidence,
    base_licence: input.baseLicence,
    ledger_sha256: look.ledger_sha256,
  };
}
