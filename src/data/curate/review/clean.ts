import { relative, resolve } from "node:path";
import type { TrainingRow } from "../../row-format.ts";
import { type Finding, type FindingKind, placeOf } from "../finding.ts";
import { repaired } from "../findings/encoding.ts";
import { masked, type PrivateFinders } from "../private/private.ts";
import { mapTexts } from "../text/text.ts";
import type { Decision } from "./review.ts";

/** Changes to a row of the clean set and its origin; written to the row's field `curation`. */
export interface Provenance {
  /** file:line, the file relative to the clean set's folder. */
  readonly from: string;
  readonly done: readonly {
    readonly action: "mask" | "repair" | "keep" | "edit";
    readonly kind?: string;
    readonly by: string;
    readonly at?: string;
    readonly reason?: string;
  }[];
}

/** True if a person kept this row of a clean set despite a finding of this kind. */
export function keptDespite({ raw }: TrainingRow, kind: FindingKind): boolean {
  const done = (raw["curation"] as Partial<Provenance> | undefined)?.done;
  return Array.isArray(done) && done.some((entry) => entry?.action === "keep" && entry.kind === kind);
}

/** A row that is not in the clean set, and why. */
export interface DroppedRow {
  readonly file: string;
  readonly line: number;
  readonly why: readonly { readonly kind?: string; readonly by: string; readonly reason?: string }[];
}

/** The decided findings of each row, by place. */
export function decidedByPlace(findings: readonly Finding[]): Map<string, Finding[]> {
  const decided = new Map<string, Finding[]>();
  for (const finding of findings) {
    if (finding.decided_by === null) continue;
    const place = placeOf(finding);
    decided.set(place, [...(decided.get(place) ?? []), finding]);
  }
  return decided;
}

/** Reasons for which a row is dropped; empty when it is kept. */
export function whyDropped(own: readonly Finding[], onRow: Decision | undefined): DroppedRow["why"] {
  const found = own
    .filter(({ action }) => action === "drop")
    .map(({ kind, decided_by }) => ({ kind, by: decided_by! }));
  if (onRow?.decision !== "drop") return found;
  const { by, reason } = onRow;
  return [...found.filter((why) => why.by !== by), { by, reason }];
}

/** A row as it goes into the clean set: repaired, masked, and with its provenance. */
export function cleanRow(
  row: TrainingRow,
  own: readonly Finding[],
  edits: readonly Decision[],
  options: { readonly finders: PrivateFinders; readonly folder: string },
): Record<string, unknown> {
  const mask = own.filter(({ action }) => action === "mask").map(({ kind }) => kind);
  const repair = own.some(({ action }) => action === "repair");
  const sound = repair ? mapTexts(row.raw, repaired) : row.raw;
  const done: Provenance["done"] = [
    ...edits.map(({ by, at, reason }) => ({
      action: "edit" as const,
      by,
      at,
      ...(reason !== "" && { reason }),
    })),
    ...own.map(({ action, kind, decided_by }) => ({
      action: action as "mask" | "repair" | "keep",
      kind,
      by: decided_by!,
    })),
  ];
  const from = `${relative(options.folder, resolve(row.file)).replaceAll("\\", "/")}:${row.line}`;
  const curation: Provenance = { from, done };
  return { ...masked(sound, mask as ("personal-data" | "secret")[], options.finders), curation };
}
