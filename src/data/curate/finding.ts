/** Kinds that the first form of curation finds. */
export type FindingKind =
  | "format"
  | "exact-duplicate"
  | "personal-data"
  | "secret"
  | "leakage-exact"
  | "leakage-near"
  | "leakage-group"
  | "length";

export interface Place {
  readonly file: string;
  readonly line: number;
}

/** What is wrong with a row, as it stands in curation.json. At most one a row and kind. */
export interface Finding extends Place {
  readonly kind: FindingKind;
  /** The row or case that it is compared with. */
  readonly other?: Place;
  /** Jaccard similarity, for the near kinds. */
  readonly similarity?: number;
  /** The reason in words; personal data stand masked in it. */
  readonly evidence: string;
  /** An undecided error stops a run. */
  readonly severity: "error" | "warning";
  /** What is proposed, or what was decided. */
  readonly action: "drop" | "mask" | "review" | "keep";
  /** Who decided: "safe" or "all" for --accept, a person's name for a decision in the review file; null is open. */
  readonly decided_by: string | null;
}

/** A finding before anybody decided. */
export type Proposal = Omit<Finding, "decided_by">;

/** What `--accept safe` decides: nothing that a person would want to look at first. */
export const SAFE_KINDS: ReadonlySet<FindingKind> = new Set([
  "exact-duplicate",
  "leakage-exact",
  "leakage-near",
  "leakage-group",
  "personal-data",
  "secret",
] as const);
