import { type Accept, type Finding, KINDS, type Proposal } from "../finding.ts";
import type { Raw, Review } from "./review.ts";

/**
 * Decides on a finding; in order of precedence: the person who dropped its row, or who accepted or rejected the finding, or who kept the row; else
 * --accept. A row that cannot be read cannot be kept, and a row that is kept still has its private data masked.
 */
export function settle(
  proposal: Proposal,
  { raw, other }: { readonly raw: Raw | undefined; readonly other: Raw | undefined },
  review: Review,
  accept: Accept,
): Finding {
  const { kind, action } = proposal;
  const onRow = review.onRow(raw);
  const onFinding = review.onFinding(raw, kind);
  if (proposal.rule === undefined && proposal.other !== undefined && (onRow ?? onFinding) === undefined) {
    // In another order of the export the finding names the other of both rows.
    const swapped = { ...proposal, ...proposal.other, other: { file: proposal.file, line: proposal.line } };
    if (review.onOther(raw, kind, other) !== undefined)
      return settle(swapped, { raw: other, other: undefined }, review, accept);
  }
  if (onRow?.decision === "drop") return { ...proposal, action: "drop", decided_by: onRow.by };
  if (onFinding?.decision === "accept") {
    const done = action !== "review" ? action : KINDS[kind].set ? "keep" : "drop";
    return { ...proposal, action: done, decided_by: onFinding.by };
  }
  if (kind !== "format") {
    if (onFinding !== undefined) return { ...proposal, action: "keep", decided_by: onFinding.by };
    if (onRow !== undefined && action !== "mask") {
      return { ...proposal, action: "keep", decided_by: onRow.by };
    }
  }
  const sure = KINDS[kind].sure === "varies" ? proposal.sure === true : KINDS[kind].sure;
  const accepted =
    sure && action !== "review" && (accept === "all" || (accept === "safe" && KINDS[kind].safe));
  return { ...proposal, decided_by: accepted ? accept : null };
}
