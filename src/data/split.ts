import type { EncodedRow } from "./encode.ts";
import { hashUnit } from "./hash.ts";

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

/**
 * Adds replay rows, in the order of hash(seed, row id), until they make up `share` of all tokens or are used up.
 * The choice is one for the whole run.
 */
export function mixReplay(
  rows: readonly EncodedRow[],
  replay: readonly EncodedRow[],
  options: { readonly share: number; readonly seed: number },
): { rows: EncodedRow[]; share: number } {
  const own = rows.reduce((sum, row) => sum + row.ids.length, 0);
  const wanted = (own * options.share) / (1 - options.share);
  const keyed = replay.map((row) => ({ row, at: hashUnit(options.seed, "replay", row.id) }));
  const chosen: EncodedRow[] = [];
  let tokens = 0;
  for (const { row } of keyed.sort((a, b) => a.at - b.at)) {
    if (tokens >= wanted) break;
    // Ids of the two files may be equal; a row's place in the epoch must not be.
    chosen.push({ ...row, id: `replay/${row.id}`, group: `replay/${row.group}` });
    tokens += row.ids.length;
  }
  return { rows: [...rows, ...chosen], share: tokens / (own + tokens) };
}
