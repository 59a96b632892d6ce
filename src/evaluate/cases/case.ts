/** Content of a case. Its kind, as in answers.jsonl, names the module in kinds/ that knows the other fields. */
export interface CaseBody {
  readonly kind: string;
}

/** One held-out case. */
export interface Case<Body extends CaseBody = CaseBody> {
  id: string;
  pack: string;
  /** Transcript or paraphrase group, whose cases are not independent. By default the id. */
  cluster: string;
  rule?: string;
  slice?: string;
  critical: boolean;
  /** sha256 of the line, as in the lock. */
  hash: string;
  /** sha256 of the question alone, by which looks are counted. */
  asked: string;
  /** file:line */
  where: string;
  /** The whole row, for `where` filters and slices. */
  row: Readonly<Record<string, unknown>>;
  body: Body;
}
