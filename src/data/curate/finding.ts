/**
 * Kinds of findings, in the order in which they are reported. `set`: concerns the whole set, not the row that is named. `sure`:
 * leaves no doubt, so that `--accept all` carries it out; "varies" where each finding says so. `safe`: `--accept safe` does too.
 */
export const KINDS = {
  format: { set: false, safe: false, sure: true },
  "leakage-exact": { set: false, safe: true, sure: true },
  "leakage-near": { set: false, safe: true, sure: true },
  "leakage-group": { set: false, safe: true, sure: true },
  secret: { set: false, safe: true, sure: true },
  "personal-data": { set: false, safe: true, sure: true },
  conflict: { set: false, safe: false, sure: "varies" },
  "out-of-scope": { set: false, safe: false, sure: false },
  truncation: { set: false, safe: false, sure: false },
  "exact-duplicate": { set: false, safe: true, sure: true },
  "near-duplicate": { set: false, safe: false, sure: "varies" },
  language: { set: false, safe: false, sure: false },
  encoding: { set: false, safe: false, sure: true },
  boilerplate: { set: false, safe: false, sure: false },
  length: { set: false, safe: false, sure: false },
  balance: { set: true, safe: false, sure: false },
  "uncovered-rule": { set: true, safe: false, sure: false },
} as const satisfies Readonly<
  Record<string, { readonly set: boolean; readonly safe: boolean; readonly sure: boolean | "varies" }>
>;
/** Proposals that are carried out without a person: every sure one, the safe ones, or none. */
export type Accept = "all" | "safe" | "none";
export type FindingKind = keyof typeof KINDS;

export interface Place {
  readonly file: string;
  readonly line: number;
}

/** A defect of a row, as written to curation.json. At most one per row and kind. */
export interface Finding extends Place {
  readonly kind: FindingKind;
  /** The row, case or rule that it is compared with. */
  readonly other?: Place;
  /** Jaccard similarity, for the near kinds. */
  readonly similarity?: number;
  /** The reason in words; personal data is masked in it. */
  readonly evidence: string;
  /** An undecided error stops a run. */
  readonly severity: "error" | "warning";
  /** Proposal or decision; `review` proposes nothing. */
  readonly action: "drop" | "mask" | "repair" | "review" | "keep";
  /** Id of the policy's rule that is contradicted. */
  readonly rule?: string;
  /** True if the finding leaves no doubt, of kinds for which that varies; only then does --accept carry it out. */
  readonly sure?: boolean;
  /** Decider: "safe" or "all" for --accept, a person's name for a decision in the review file; null is open. */
  readonly decided_by: string | null;
}

/** A finding before anybody decided. */
export type Proposal = Omit<Finding, "decided_by">;

/** file:line, as people and editors read it. */
export function placeOf({ file, line }: Place): string {
  return `${file}:${line}`;
}

export function similarityOf(value: number): number {
  return Math.round(value * 1e4) / 1e4;
}
