import pc from "picocolors";
import type { CriterionResult, Outcome } from "./decide.ts";
import type { Verdict } from "./gate.ts";

/** A score as people read it: percent, or nats per token. */
export function scoreText(criterion: CriterionResult, value: number): string {
  return criterion.scorer === "cross-entropy" ? `${value.toFixed(3)} nat` : `${(100 * value).toFixed(1)} %`;
}

/** A difference in the same unit, signed unless it rounds to nothing: percentage points, or nats per token. */
export function differenceText(criterion: CriterionResult, value: number): string {
  const text =
    criterion.scorer === "cross-entropy" ? Math.abs(value).toFixed(3) : Math.abs(100 * value).toFixed(1);
  if (Number(text) === 0) return text;
  return `${value < 0 ? "−" : "+"}${text}`;
}

/** The p-value with the name of its test. */
export function pText(criterion: CriterionResult): string {
  const name = criterion.kind === "zero-new-failures" ? "McNemar p" : "p";
  return criterion.p < 0.001 ? `${name} < 0.001` : `${name} = ${criterion.p.toFixed(3)}`;
}

/** What the criterion asks of the difference. */
export function barText(criterion: CriterionResult): string {
  if (criterion.kind === "zero-new-failures") return "no new failure";
  const superior = criterion.kind === "superiority";
  return `above ${differenceText(criterion, superior ? criterion.margin : -criterion.margin)}`;
}

/** The verdict as a table for the terminal. `colors` switches ANSI colours on. */
export function verdictTable(verdict: Verdict, colors: boolean): string {
  const paint = pc.createColors(colors);
  const colour: Record<Outcome, (text: string) => string> = {
    pass: paint.green,
    fail: paint.red,
    inconclusive: paint.yellow,
  };
  const head = ["criterion", "base", "tuned", "difference", "interval", "asked", "n (clusters)", "outcome"];
  const rows = verdict.criteria.map((c) => [
    c.name,
    scoreText(c, c.base),
    scoreText(c, c.tuned),
    differenceText(c, c.difference),
    `${differenceText(c, c.ci[0])} to ${differenceText(c, c.ci[1])}`,
    barText(c),
    `${c.n} (${c.clusters})`,
    c.outcome,
  ]);
  const widths = head.map((title, i) => Math.max(title.length, ...rows.map((row) => row[i]!.length)));
  const pad = (cell: string, i: number) =>
    i === 0 || i >= 5 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!);
  const lines = [paint.dim(head.map(pad).join("  ").trimEnd())];
  for (const [i, row] of rows.entries()) {
    const outcome = verdict.criteria[i]!.outcome;
    lines.push([...row.slice(0, -1).map(pad), colour[outcome](outcome)].join("  "));
    for (const note of verdict.criteria[i]!.notes) lines.push(paint.dim(`  ${note}`));
  }
  const { fixed, broken } = verdict.flips;
  lines.push(
    "",
    `fixed ${fixed.length}, broken ${broken.length}, of ${verdict.counts.cases} cases; ` +
      `look ${verdict.look}, intervals of ${(100 * (1 - 2 * verdict.alpha)).toFixed(1)} %`,
    ...verdict.notes,
    "",
    `verdict: ${paint.bold(colour[verdict.verdict](verdict.verdict))}`,
  );
  return lines.join("\n");
}
