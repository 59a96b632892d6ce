import type { Task } from "../../task/load.ts";
import type { Case } from "../cases/case.ts";
import { answersByGroup } from "../cases/groups.ts";
import { caseKindOf } from "../cases/kinds/index.ts";
import { loadScripts } from "../checks/script.ts";
import { scriptFiles } from "./answer.ts";
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
      if (recorded === undefined) return [];
      const context = { rules: task, scripts, groups };
      if (caseKindOf(item).isScored(item, recorded, context)) return [];
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
  row.prompt === caseKindOf(item).promptOf(item.body) &&
  row.label === caseKindOf(item).labelOf?.(item.body);
