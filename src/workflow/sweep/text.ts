import type { SweepResult, SweepRow } from "./result.ts";
import type { Configuration } from "./space.ts";

/** `learning_rate 0.001, rank 16`; alpha follows the rank and is left out. */
export const settingsText = (settings: Configuration): string =>
  Object.entries(settings)
    .filter(([key]) => key !== "alpha")
    .map(([key, value]) => `${key} ${Array.isArray(value) ? `[${value.join(" ")}]` : value}`)
    .join(", ");

/** Loss of a row, or why it has none. */
export const lossOf = ({ loss, failed }: Pick<SweepRow, "loss" | "failed">): string =>
  loss === null ? `diverged: ${(failed ?? "").split("\n")[0]}` : `${loss.toFixed(4)} nat`;

/** What was chosen and how sure that is, a sentence each. */
export function conclusion({ rows, settings, comparisons, blocks, general_aim }: SweepResult): string[] {
  const chosen = rows[0]!;
  const lines = [`chosen: ${settingsText(settings)}; validation loss ${lossOf(chosen)}`];
  for (const { configuration, difference, standard_error, sure } of comparisons) {
    const other = rows.find((row) => row.configuration === configuration)!;
    const by = `${difference.toFixed(4)} nat (standard error ${standard_error.toFixed(4)}, ${blocks} blocks of held-out rows)`;
    lines.push(
      other.within_budget !== chosen.within_budget
        ? `${settingsText(other.settings)} exceeds the budget for general text`
        : sure
          ? `better than ${settingsText(other.settings)} by ${by}`
          : `not distinguishable from ${settingsText(other.settings)}: ${by}`,
    );
  }
  if (!chosen.within_budget)
    lines.push(
      `no configuration stays within ${general_aim!.toFixed(3)} nat on general text: more replay or --within-budget is needed`,
    );
  lines.push("one seed was trained: how much another seed changes the order is not measured");
  return lines;
}
