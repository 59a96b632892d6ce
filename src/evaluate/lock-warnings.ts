import { counted } from "../formats/counted.ts";
import type { Criterion } from "../task/schema.ts";
import type { Case } from "./cases/case.ts";
import { nearCases } from "./cases/near-cases.ts";
import { selectCases } from "./cases/select.ts";
import { fewestClusters } from "./decision/power.ts";
import { levelOf } from "./looks/looks.ts";

const SHOWN = 5;

/** Weaknesses of a task that can be fixed before it is locked, a line each. */
export function lockWarnings(criteria: readonly Criterion[], cases: readonly Case[]): string[] {
  return [...floorWarning(criteria), ...textWarnings(criteria, cases), ...clusterWarnings(cases)];
}

function floorWarning(criteria: readonly Criterion[]): string[] {
  const packs = [...new Set(criteria.filter(({ kind }) => kind === "superiority").map(({ cases }) => cases))];
  const floored = criteria.some(({ kind, cases }) => kind === "at-least" && packs.includes(cases));
  if (floored || packs.length === 0) return [];
  return [
    `no criterion on ${packs.join(", ")} has a floor: a model that is better than the base may still be wrong most of the time. Add one of kind at-least`,
  ];
}

/** Texts that pass at the first look only if they differ from the plan to their own advantage. */
function textWarnings(criteria: readonly Criterion[], cases: readonly Case[]): string[] {
  return criteria
    .filter(({ scorer }) => scorer === "cross-entropy")
    .flatMap((criterion) => {
      const texts = new Set(selectCases(criterion, cases).map(({ cluster }) => cluster)).size;
      const fewest = fewestClusters(criterion, levelOf(1));
      if (fewest === undefined || texts >= fewest) return [];
      const plan = criterion.kind === "superiority" ? "all gain the effect" : "nothing changes";
      return [
        `${criterion.name}: ${counted(texts, "text")} in clusters of their own; if ${plan}, a pass at the first look needs ${fewest}`,
      ];
    });
}

function clusterWarnings(cases: readonly Case[]): string[] {
  const groups = nearCases(cases);
  const lines = groups
    .slice(0, SHOWN)
    .map(({ pack, ids }) => `${pack}: ask nearly the same, so give them one "cluster": ${listed(ids)}`);
  return groups.length > SHOWN
    ? [...lines, `${groups.length - SHOWN} more groups of cases ask nearly the same`]
    : lines;
}

const listed = (ids: readonly string[]): string =>
  ids.length > 6 ? `${ids.slice(0, 6).join(", ")} and ${ids.length - 6} more` : ids.join(", ");
