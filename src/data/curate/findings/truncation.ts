import { LorafitError } from "../../../errors.ts";
import type { RowFormat, RowTokenizer, TrainingRow } from "../../row-format.ts";
import type { Proposal } from "../finding.ts";

/** Tokenizer, and the limit of tokens of a row. */
export interface TokenLimit {
  readonly tokenizer: RowTokenizer;
  readonly maxLength: number;
}

/**
 * Rows with more tokens, after the chat template, than a sequence holds; an error where the cut would take tokens that are
 * trained on. Rows that cannot be encoded at all are of the kind format.
 */
export function truncations(
  format: RowFormat,
  rows: readonly TrainingRow[],
  { tokenizer, maxLength }: TokenLimit,
): Proposal[] {
  return rows.flatMap((row): Proposal[] => {
    const { file, line } = row;
    try {
      const encode = (most: number) => format.encode(row, tokenizer, most, () => {});
      const { length } = encode(Number.POSITIVE_INFINITY).ids;
      const over = length - maxLength;
      if (over <= 0) return [];
      const cut = !canBeCut(() => encode(maxLength));
      const what = cut
        ? "cutting it takes tokens that are trained on"
        : `its ${format.cutsAt === "front" ? "oldest" : "last"} ${over} are cut, none of them trained on`;
      return [
        {
          kind: "truncation",
          file,
          line,
          evidence: `${length} tokens where a sequence holds ${maxLength}: ${what}`,
          severity: cut ? "error" : "warning",
          action: cut ? "drop" : "review",
        },
      ];
    } catch (error) {
      if (!LorafitError.is(error)) throw error;
      return [{ kind: "format", file, line, evidence: error.message, severity: "error", action: "drop" }];
    }
  });
}

function canBeCut(encode: () => unknown): boolean {
  try {
    encode();
    return true;
  } catch (error) {
    if (!LorafitError.is(error)) throw error;
    return false;
  }
}
