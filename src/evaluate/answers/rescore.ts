import type { Task } from "../../task/load.ts";
import type { Case } from "../cases/case.ts";
import { answersByGroup } from "../cases/groups.ts";
import { scoreAnswer } from "../cases/score-case.ts";
import type { Context } from "../checks/check.ts";
import { readsText } from "../checks/index.ts";
import { loadScripts } from "../checks/script.ts";
import { promptOf, scriptFiles } from "./answer.ts";
import type { Answered, AnswerRow } from "./answer-row.ts";

/**
 * Scores every recorded answer again by the text that was generated, and compares. Likelihoods cannot be computed again without the
 * model: of choices and pairs only the recorded preference is compared with the score, and of texts nothing.
 * @returns the recorded scores that the answers do not give, a line each: "d3: tuned"; "d3: case" for a row that does not describe
 *   its case
 */
export async function wrongScores(
  task: Task,
  cases: readonly Case[],
  answers: readonly AnswerRow[],
): Promise<string[]> {
  const scripts = await loadScripts(task.folder, scriptFiles(cases));
  const rows = new Map(answers.map((row) => [row.id, row]));
  const sides = ["base", "tuned", ...new Set(answers.flatMap((row) => Object.keys(row.contestants ?? {})))];
  const strangers = cases.flatMap((item) => {
    const row = rows.get(item.id);
    return row === undefined || describes(row, item) ? [] : `${item.id}: case`;
  });
  const wrong = sides.flatMap((side) => {
    const sideOf = (id: string): Answered | undefined => {
      const row = rows.get(id);
      return side === "base" || side === "tuned"
        ? row?.[side]
        : (row?.contestants as Record<string, Answered> | undefined)?.[side];
    };
    const groups = answersByGroup(cases, (id) => sideOf(id)?.output ?? "");
    return cases.flatMap((item) => {
      const recorded = sideOf(item.id);
      if (recorded === undefined || isScored(item, recorded, { rules: task, scripts, groups })) return [];
      return `${item.id}: ${side}`;
    });
  });
  return [...strangers, ...wrong];
}

/** True if a row repeats the properties of its case, by which slices and flips are counted. */
const describes = (row: AnswerRow, item: Case): boolean =>
  row.pack === item.pack &&
  row.kind === item.body.kind &&
  row.cluster === item.cluster &&
  row.rule === item.rule &&
  row.slice === item.slice &&
  row.critical === item.critical &&
  row.prompt === promptOf(item.body);

/** True if the recorded scores are those of the recorded text and preferences. */
function isScored(item: Case, recorded: Answered, context: Context): boolean {
  const { body } = item;
  const preferred = recorded.preferences?.map((preference) => preference.preferred) ?? [];
  if (body.kind === "text") return true;
  if (body.kind === "pair")
    return recorded.score === 0 || (recorded.score === 1 && preferred[0] === body.good);
  const choices = body.checks.flatMap((check) => (check.kind === "choice" ? [check.value.good] : []));
  const chosen = recorded.scores?.["choice"] ?? 1;
  // Equal likelihoods fail whichever text is listed first.
  if (chosen === 1 && choices.some((good, i) => preferred[i] !== good)) return false;
  const checks = body.checks.filter(readsText);
  const passes = (text: boolean): boolean => recorded.score === (text && chosen === 1 ? 1 : 0);
  if (recorded.output === undefined) return checks.length === 0 && passes(true);
  const generated = {
    text: recorded.output,
    tokens: recorded.tokens,
    finish: recorded.finish ?? "stop",
  };
  const again = scoreAnswer({ ...item, body: { ...body, checks } }, generated, new Map(), 0, context);
  const scores = Object.entries(again.scores ?? {});
  return (
    passes(again.score === 1) &&
    scores.every(([kind, score]) => recorded.scores?.[kind] === score) &&
    (again.failed ?? []).every((reason) => recorded.failed?.includes(reason))
  );
}
