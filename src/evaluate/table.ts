import pc from "picocolors";
import { percent } from "../formats/percent.ts";
import { CONTESTANTS } from "../task/schema.ts";
import { disagreements } from "./decision/seeds.ts";
import type { Verdict } from "./gate.ts";
import type { LabelResult } from "./label-results.ts";
import { meaningOf } from "./meaning.ts";
import type { Precondition } from "./preconditions/preconditions.ts";
import { barText, differenceText, estimateText, scoreText } from "./result-text.ts";
import { rightText, WHO } from "./right-counts.ts";

/** Macro F1 and calibration of a pack in one line. */
function labelText({ pack, base, tuned, contestants }: LabelResult): string {
  const others = CONTESTANTS.flatMap((name) => {
    const scores = contestants[name];
    return scores === undefined ? [] : [`${WHO[name]} ${percent(scores.macro_f1)}`];
  });
  const f1 = [`${percent(tuned.macro_f1)}; the base ${percent(base.macro_f1)}`, ...others].join(", ");
  const error = tuned.calibration && `; calibration error ${percent(tuned.calibration.ece)}`;
  return `${pack}: macro F1 ${f1}${error ?? ""}`;
}

/** Coverage, error and cost of the tuned model's hand-over in a pack. */
function handOverText({ pack, tuned: { abstention } }: LabelResult): string[] {
  if (abstention === undefined) return [];
  const { chosen, cheapest, curve } = abstention;
  const error = chosen.error === null ? "" : `, of which ${percent(chosen.error)} are wrong`;
  return [
    `${pack}: handing over below ${chosen.below} keeps ${percent(chosen.coverage)} of the cases${error}; ` +
      `cost of a case ${chosen.cost.toFixed(3)}, without hand-over ${curve[0]!.cost.toFixed(3)}, cheapest below ${cheapest.below} ${cheapest.cost.toFixed(3)}`,
  ];
}

/** The verdict as a table for the terminal. `colors` switches ANSI colours on. */
export function verdictTable(verdict: Verdict, colors: boolean): string {
  const paint = pc.createColors(colors);
  const colour: Record<Precondition["outcome"], (text: string) => string> = {
    pass: paint.green,
    fail: paint.red,
    inconclusive: paint.yellow,
    "not applicable": paint.dim,
  };
  const contestants = CONTESTANTS.filter((name) => verdict.contestants[name] !== undefined);
  const numbers = ["base", "tuned", ...contestants, "difference", "interval"];
  const head = ["criterion", ...numbers, "asked", "n (clusters)", "outcome"];
  const rows = verdict.criteria.map((c) => [
    c.name,
    scoreText(c, c.base),
    scoreText(c, c.tuned),
    ...contestants.map((name) => {
      const score = verdict.contestants[name]![c.name];
      return score === undefined ? "–" : scoreText(c, score);
    }),
    differenceText(c, c.difference),
    `${estimateText(c, c.ci[0])} to ${estimateText(c, c.ci[1])}`,
    barText(c),
    `${c.n} (${c.clusters})`,
    c.outcome,
  ]);
  const widths = head.map((title, i) => Math.max(title.length, ...rows.map((row) => row[i]!.length)));
  const pad = (cell: string, i: number) =>
    i === 0 || i > numbers.length ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!);
  const lines = [paint.dim(head.map(pad).join("  ").trimEnd())];
  for (const [i, row] of rows.entries()) {
    const outcome = verdict.criteria[i]!.outcome;
    lines.push([...row.slice(0, -1).map(pad), colour[outcome](outcome)].join("  "));
    const { notes, announced = [] } = verdict.criteria[i]!;
    for (const note of notes) lines.push(paint.dim(`  ${note}`));
    for (const slice of announced) {
      const where = Object.entries(slice.where).map(([field, value]) => `${field} ${value}`);
      const size = differenceText(verdict.criteria[i]!, slice.difference);
      lines.push(
        `  announced, ${where.join(", ")}: ${slice.improved ? "improved" : "not shown to be improved"}, ${size}, p = ${slice.p_holm.toFixed(3)} after Holm`,
      );
    }
  }
  const { fixed, broken } = verdict.flips;
  lines.push(
    "",
    ...verdict.right.map(rightText),
    ...(verdict.labels ?? []).flatMap((result) => [labelText(result), ...handOverText(result)]),
    "",
    `fixed ${fixed.length}, broken ${broken.length}, of ${verdict.counts.cases} cases; ` +
      `look ${verdict.look}, intervals of ${percent(1 - 2 * verdict.alpha)}`,
    ...verdict.preconditions
      .filter(({ outcome }) => outcome !== "pass")
      .map(({ name, outcome, evidence }) => `${colour[outcome](outcome)}  ${name}: ${evidence}`),
    ...disagreements(verdict.seeds ?? []),
    ...verdict.amendments.map(
      ({ at, reason, changes, looks }) =>
        `lock changed ${at.slice(0, 10)}, after ${looks} ${looks === 1 ? "look" : "looks"}: ${reason} (${changes.join("; ")})`,
    ),
    "",
    `verdict: ${paint.bold(colour[verdict.verdict](verdict.verdict))}`,
    meaningOf(verdict),
  );
  return lines.join("\n");
}
