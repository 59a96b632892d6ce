import { LorafitError, listMistakes } from "../../errors.ts";
import type { Contestant, Criterion } from "../../task/schema.ts";
import type { Case } from "./case.ts";
import { caseKindOf } from "./kinds/index.ts";

/** Cases that a criterion is judged on. */
export function selectCases(criterion: Criterion, cases: readonly Case[]): Case[] {
  const where = Object.entries(criterion.where ?? {});
  return cases.filter(
    (item) =>
      item.pack === criterion.cases &&
      caseKindOf(item).suits(criterion, item.body) &&
      where.every(([field, value]) => item.row[field] === value),
  );
}

/** The model besides the base that a criterion names as its `against`. */
export const contestantOf = (criterion: Criterion): Contestant | undefined =>
  criterion.kind === "superiority" && criterion.against !== "base" ? criterion.against : undefined;

/** The criterion narrowed to each of its announced slices. */
export function announcedSlices(criterion: Criterion) {
  const slices = criterion.kind === "superiority" ? (criterion.announced ?? []) : [];
  return slices.map((announced) => ({
    announced,
    criterion: { ...criterion, where: { ...criterion.where, ...announced } },
  }));
}

/** True if every contestant that a criterion names has answered the criterion's cases. */
export const contestantsAnswered = (
  criteria: readonly Criterion[],
  cases: readonly Case[],
  answered: (id: string, contestant: Contestant) => boolean,
): boolean =>
  criteria.every((criterion) => {
    const contestant = contestantOf(criterion);
    return (
      contestant === undefined || selectCases(criterion, cases).every(({ id }) => answered(id, contestant))
    );
  });

/** @throws usage error that names every criterion and announced slice without a case: an empty bar is no bar */
export function checkCriteria(criteria: readonly Criterion[], cases: readonly Case[]): void {
  const all = criteria.flatMap((criterion, i) =>
    [criterion, ...announcedSlices(criterion).map((slice) => slice.criterion)].map((narrowed) => ({
      criterion: narrowed,
      i,
    })),
  );
  const empty = all.flatMap(({ criterion, i }) =>
    selectCases(criterion, cases).length > 0
      ? []
      : [
          `success[${i}]: ${criterion.name}: no case of ${criterion.cases} suits the scorer ${criterion.scorer}` +
            (criterion.where === undefined ? "" : ` where ${JSON.stringify(criterion.where)}`),
        ],
  );
  if (empty.length === 0) return;
  throw new LorafitError("usage", `criteria without cases:\n${listMistakes(empty)}`, {
    hint: "add cases, or correct the criterion",
  });
}
