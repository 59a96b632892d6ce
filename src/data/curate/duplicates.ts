import type { TrainingRow } from "../rows.ts";
import type { Proposal } from "./finding.ts";
import { conversation } from "./text.ts";

/**
 * All but one row of each set of equal conversations. The one that stays is the first that no person dropped.
 */
export function exactDuplicates(
  rows: readonly TrainingRow[],
  dropped: (row: TrainingRow) => boolean,
): Map<TrainingRow, Proposal> {
  const equal = new Map<string, TrainingRow[]>();
  for (const row of rows) {
    const key = conversation(row.content);
    const set = equal.get(key);
    if (set === undefined) equal.set(key, [row]);
    else set.push(row);
  }
  const found = new Map<TrainingRow, Proposal>();
  for (const set of equal.values()) {
    const stays = set.find((row) => !dropped(row)) ?? set[0]!;
    for (const row of set) {
      if (row === stays) continue;
      found.set(row, {
        kind: "exact-duplicate",
        file: row.file,
        line: row.line,
        other: { file: stays.file, line: stays.line },
        evidence: `the same conversation as ${stays.file}:${stays.line}, but for case, spacing and punctuation`,
        severity: "warning",
        action: "drop",
      });
    }
  }
  return found;
}
