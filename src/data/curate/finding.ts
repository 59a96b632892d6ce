/** What curate finds, in the order in which it is reported. `set` kinds concern the whole set, not the row they stand at. */
export const KINDS = {
  format: { set: false, safe: false },
  "leakage-exact": { set: false, safe: true },
  "leakage-near": { set: false, safe: true },
  "leakage-group": { set: false, safe: true },
  secret: { set: false, safe: true },
  "personal-data": { set: false, safe: true },
  conflict: { set: false, safe: false },
  "out-of-scope": { set: false, safe: false },
  truncation: { set: false, safe: false },
  "exact-duplicate": { set: false, safe: true },
  "near-duplicate": { set: false, safe: false },
  language: { set: false, safe: false },
  encoding: { set: false, safe: false },
  boilerplate: { set: false, safe: false },
  length: { set: false, safe: false },
  balance: { set: true, safe: false },
  "uncovered-rule": { set: true, safe: false },
} as const satisfies Readonly<
  Record<string, { readonly set: boolean /** Carried out by `--accept safe`. */; readonly safe: boolean }>
>;
export type FindingKind = keyof typeof KINDS;

export interface Place {
  readonly file: string;
  readonly line: number;
}

/** What is wrong with a row, as it stands in curation.json. At most one a row and kind. */
export interface Finding extends Place {
  readonly kind: FindingKind;
  /** The row, case or rule that it is compared with. */
  readonly other?: Place;
  /** Jaccard similarity, for the near kinds. */
  readonly similarity?: number;
  /** The reason in words; personal data stand masked in it. */
  readonly evidence: string;
  /** An undecided error stops a run. */
  readonly severity: "error" | "warning";
  /** What is proposed, or what was decided; `review` proposes nothing. */
  readonly action: "drop" | "mask" | "repair" | "review" | "keep";
  /** Who decided: "safe" or "all" for --accept, a person's name for a decision in the review file; null is open. */
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
