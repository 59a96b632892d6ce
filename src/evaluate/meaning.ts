import { CONTESTANTS } from "../task/schema.ts";
import type { Verdict } from "./gate.ts";
import { WHO } from "./right-counts.ts";

const list = (names: readonly string[]): string =>
  names.length <= 1 ? names.join("") : `${names.slice(0, -1).join(", ")} and ${names.at(-1)}`;

/** The count that says most: that of the first superiority criterion, else the first one. */
function headline({ criteria, right }: Verdict): string {
  const gain = criteria.find(({ kind }) => kind === "superiority")?.name;
  const count = right.find((entry) => gain !== undefined && entry.criteria.includes(gain)) ?? right[0];
  if (count === undefined || !["checks", "accuracy"].includes(count.scorer)) return "";
  const rivals = (["base", ...CONTESTANTS] as const).flatMap((name) =>
    count[name] === undefined ? [] : [`${WHO[name]} ${count[name]}`],
  );
  const what =
    count.scorer === "checks"
      ? `answers ${count.tuned} of ${count.n} ${count.of} questions right`
      : `labels ${count.tuned} of ${count.n} cases of ${count.of} right`;
  return ` It ${what}, ${list(rivals)}.`;
}

/**
 * A verdict in one or two sentences for people who read nothing else: the consequence with everything that decided it, and the
 * absolute numbers.
 */
export function meaningOf(verdict: Verdict): string {
  const { criteria, preconditions, seeds = [] } = verdict;
  if (verdict.verdict === "pass") {
    return `All ${criteria.length} criteria hold: this adapter may take the base's place on this job.${headline(verdict)}`;
  }
  const requirements = [...preconditions, ...criteria];
  const decided = requirements.filter(({ outcome }) => outcome === verdict.verdict).map(({ name }) => name);
  const others = seeds.slice(1).some(({ against }) => against.length > 0) ? ["its other seeds disagree"] : [];
  const found =
    decided.length > 0
      ? `${decided.length} of ${requirements.length} requirements: ${decided.join(", ")}.`
      : `${others.join("")}.`;
  const consequence =
    verdict.verdict === "fail"
      ? `This adapter must not be deployed: it fails ${found}`
      : `The evidence decides neither way, so the base stays: ${decided.length > 0 ? "open are " : ""}${found}`;
  return `${consequence}${headline(verdict)}`;
}
