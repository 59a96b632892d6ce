import { hashUnit } from "../formats/hash.ts";

/**
 * Sets a share of the groups apart for validation, by hash(seed, group): rows of a group never part, and rows that are
 * appended do not move the others. With two groups or more neither side is empty.
 */
export function splitByGroup<Row extends { readonly group: string }>(
  rows: readonly Row[],
  options: { readonly validation: number; readonly seed: number },
): { train: Row[]; validation: Row[] } {
  const groups = [...new Set(rows.map((row) => row.group))]
    .map((group) => ({ group, at: hashUnit(options.seed, "validation", group) }))
    .sort((a, b) => a.at - b.at);
  const wanted = groups.filter(({ at }) => at < options.validation).length;
  const held = new Set(
    groups.slice(0, Math.min(Math.max(wanted, 1), groups.length - 1)).map(({ group }) => group),
  );
  return {
    train: rows.filter((row) => !held.has(row.group)),
    validation: rows.filter((row) => held.has(row.group)),
  };
}
