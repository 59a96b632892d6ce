import { median, medianAbsoluteDeviation } from "simple-statistics";
import type { TrainingRow } from "../../row-format.ts";
import type { Proposal } from "../finding.ts";
import { texts } from "../text/text.ts";

/** Iglewicz and Hoaglin (1993): 0.6745 (x - median) / MAD beyond 3.5 is an outlier. */
const LIMIT = 3.5;
/** Times longer or shorter than usual at least, however alike the others are. */
const FACTOR = 4;
/** Fewer rows say nothing about what is usual. */
const ENOUGH = 30;

/** Rows much longer or shorter than the others, by the logarithm of their characters. */
export function unusualLengths(rows: readonly TrainingRow[]): Proposal[] {
  if (rows.length < ENOUGH) return [];
  const lengths = rows.map((row) => texts(row.content).reduce((sum, { text }) => sum + text.length, 0));
  const logs = lengths.map(Math.log);
  const [middle, deviation] = [median(logs), medianAbsoluteDeviation(logs)];
  if (deviation === 0) return [];
  return rows.flatMap((row, i) => {
    const distance = Math.abs(logs[i]! - middle);
    if (0.6745 * distance <= LIMIT * deviation || distance < Math.log(FACTOR)) return [];
    const evidence = `${lengths[i]} characters where ${Math.round(Math.exp(middle))} are usual`;
    return [
      {
        kind: "length",
        file: row.file,
        line: row.line,
        evidence,
        severity: "warning",
        action: "review",
      } as const,
    ];
  });
}
