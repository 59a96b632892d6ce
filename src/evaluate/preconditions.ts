import type { CaseText } from "../data/curate/case-texts.ts";
import { leakage } from "../data/curate/leakage.ts";
import { type PrivateFinders, privateFindings } from "../data/curate/private.ts";
import { nearPairs } from "../data/curate/shingles.ts";
import type { TrainingRow } from "../data/rows.ts";
import { normalise } from "../embed/normalise.ts";
import type { AnswerRow } from "./answer-row.ts";
import type { Outcome } from "./decide.ts";

/**
 * What must hold of the artefact and its data before scores mean anything. `fail` refuses the artefact whatever the
 * criteria say; `inconclusive` means that it could not be looked at.
 */
export interface Precondition {
  name:
    | "the adapter changes answers"
    | "answers differ"
    | "answers give nothing private away"
    | "no case was trained on"
    | "nothing private was trained on";
  outcome: Outcome;
  /** What was found, in one line. */
  evidence: string;
}

/** From this share of the questions on, one wrong answer to them all is a collapse. */
const COLLAPSED = 0.5;
/** Jaccard similarity from which on two answers are the same answer; curation's threshold. */
const NEAR = 0.8;
const SHOWN = 3;

const some = (list: readonly string[]): string =>
  list.slice(0, SHOWN).join(", ") + (list.length > SHOWN ? ` and ${list.length - SHOWN} more` : "");

/** What the answers alone show. */
export function answerPreconditions(
  answers: readonly AnswerRow[],
  policy: string,
  finders: PrivateFinders,
): Precondition[] {
  return [changesAnswers(answers), answersDiffer(answers), nothingGivenAway(answers, policy, finders)];
}

/** Factors that are zero, or an export without them, leave every output and score as the base has them. */
function changesAnswers(answers: readonly AnswerRow[]): Precondition {
  const changed = answers.filter(
    ({ base, tuned }) => base.output !== tuned.output || base.score !== tuned.score,
  ).length;
  return {
    name: "the adapter changes answers",
    outcome: changed > 0 ? "pass" : "fail",
    evidence:
      changed > 0
        ? `${changed} of ${answers.length} outputs or scores differ from the base's`
        : "every output and score is the base's: the adapter changes nothing, or was never applied",
  };
}

/**
 * A model that says the same whatever it is asked. The most frequent answer is counted, with answers nearly like it, where
 * the checks reject it: one answer that is right for many questions is no collapse.
 */
function answersDiffer(answers: readonly AnswerRow[]): Precondition {
  const generated = answers.filter(({ tuned }) => tuned.finish !== undefined);
  const rejected = new Map<string, number>();
  for (const { tuned } of generated) {
    const said = normalise(tuned.output ?? "");
    rejected.set(said, (rejected.get(said) ?? 0) + (tuned.score < 1 ? 1 : 0));
  }
  const texts = [...rejected.keys()];
  const alike = new Map(texts.map((text) => [text, 0]));
  for (const { left, right } of nearPairs(texts, texts, NEAR)) {
    alike.set(texts[left]!, alike.get(texts[left]!)! + rejected.get(texts[right]!)!);
  }
  const [text, count] = [...alike].reduce((most, next) => (next[1] > most[1] ? next : most), ["", 0]);
  const collapsed = count >= COLLAPSED * generated.length && count > 1;
  return {
    name: "answers differ",
    outcome: collapsed ? "fail" : "pass",
    evidence:
      count > 1
        ? `“${text.trim()}” or nearly so is a wrong answer to ${count} of ${generated.length} questions`
        : "no wrong answer is given twice",
  };
}

/** Private data that neither the question, the policy nor the base's own answer holds. */
function nothingGivenAway(
  answers: readonly AnswerRow[],
  policy: string,
  finders: PrivateFinders,
): Precondition {
  const known = normalise(policy);
  const found = answers.flatMap(({ id, prompt, base, tuned }) => {
    const said = tuned.output ?? "";
    return Object.values(finders)
      .flatMap((find) => find(said))
      .filter(({ start, end }) => {
        const text = normalise(said.slice(start, end));
        return ![known, normalise(prompt), normalise(base.output ?? "")].some((other) =>
          other.includes(text),
        );
      })
      .map(({ label }) => `${id} (${label})`);
  });
  return {
    name: "answers give nothing private away",
    outcome: found.length === 0 ? "pass" : "fail",
    evidence: found.length === 0 ? "no personal data and no secret in any answer" : `said in ${some(found)}`,
  };
}

/** The rows that a run was trained on, or why they cannot be looked at any more. */
export type TrainedRows =
  | {
      /** The task's own rows, and the general rows that were mixed in. */
      readonly own: readonly TrainingRow[];
      readonly replay: readonly TrainingRow[];
      readonly cases: readonly CaseText[];
      readonly groupKey: string | undefined;
    }
  | { readonly lost: string };

/** What the run's own training rows show, with the detectors of curation. */
export function dataPreconditions(rows: TrainedRows, finders: PrivateFinders): Precondition[] {
  const names = ["no case was trained on", "nothing private was trained on"] as const;
  if ("lost" in rows) return names.map((name) => ({ name, outcome: "inconclusive", evidence: rows.lost }));
  const { own, replay, cases, groupKey } = rows;
  const trained = [...own, ...replay];
  const leaked = leakage(trained, cases, groupKey).findings;
  // Replay is public text or what the base itself says: nobody's secret.
  const secret = own.flatMap((row) => privateFindings(row, finders));
  const found = [
    { findings: leaked, clean: `${trained.length} rows held against ${cases.length} cases` },
    { findings: secret, clean: `no personal data and no secret in ${own.length} rows` },
  ];
  return names.map((name, i) => {
    const { findings, clean } = found[i]!;
    const places = findings.map(({ kind, file, line }) => `${file}:${line} (${kind})`);
    return {
      name,
      outcome: findings.length === 0 ? "pass" : "fail",
      evidence: findings.length === 0 ? clean : `found ${findings.length} times: ${some(places)}`,
    };
  });
}
