import { LorafitError, listMistakes } from "../errors.ts";
import type { RowFormat, RowTokenizer, TrainedSpan, TrainingRow } from "./row-format.ts";

/** A row as the model is trained on it. */
export interface EncodedRow {
  readonly id: string;
  readonly group: string;
  /** file:line */
  readonly where: string;
  /** The name of the shape that the row has in the file. */
  readonly shape: string;
  readonly ids: readonly number[];
  /** Unshifted: the id where the token is a target, else -100. */
  readonly labels: readonly number[];
  /** Number of targets; the first token of a row is never one. */
  readonly supervised: number;
  /** Tokens cut from the front to fit; none of them was a target. */
  readonly truncated: number;
}

export interface Encoded {
  readonly rows: EncodedRow[];
  /** One line each, with file:line. */
  readonly warnings: string[];
}

/** No target, as in transformers. */
export const IGNORED = -100;

/**
 * Encodes rows into ids and labels of at most `maxLength` tokens.
 * @param maxLength tokens of the longest row; a longer one loses its oldest tokens, as long as none of them is a target
 * @throws data error that lists every row that cannot be encoded
 */
export function encodeRows(
  format: RowFormat,
  rows: readonly TrainingRow[],
  tokenizer: RowTokenizer,
  options: { readonly maxLength: number },
): Encoded {
  const warnings: string[] = [];
  const mistakes: string[] = [];
  const encoded: EncodedRow[] = [];
  for (const row of rows) {
    const where = `${row.file}:${row.line}`;
    try {
      const spans = format.spansOf(row, tokenizer, (text) => warnings.push(`${where}: ${text}`));
      const result = assemble(spans, options.maxLength);
      if (result.truncated > 0) {
        warnings.push(`${where}: ${result.truncated} tokens cut from its front to fit ${options.maxLength}`);
      }
      encoded.push({ id: row.id, group: row.group, where, shape: row.shape, ...result });
    } catch (error) {
      if (!LorafitError.is(error)) throw error;
      mistakes.push(`${where}: ${error.message}`);
    }
  }
  if (mistakes.length > 0) {
    throw new LorafitError("data", `rows cannot be encoded:\n${listMistakes(mistakes)}`, {
      hint: "shorten or correct these rows, or let `lorafit curate` drop them",
    });
  }
  return { rows: encoded, warnings };
}

function assemble(
  spans: readonly TrainedSpan[],
  maxLength: number,
): Pick<EncodedRow, "ids" | "labels" | "supervised" | "truncated"> {
  const ids = spans.flatMap((span) => span.ids);
  const labels = spans.flatMap((span) => (span.trained ? span.ids : span.ids.map(() => IGNORED)));
  const truncated = Math.max(0, ids.length - maxLength);
  const first = labels.findIndex((label) => label !== IGNORED);
  // The first token that is kept has no predecessor and cannot be a target.
  if (truncated > 0 && first <= truncated) {
    throw new LorafitError(
      "data",
      `is ${ids.length} tokens long; cutting it to ${maxLength} would remove tokens that are trained on`,
    );
  }
  const kept = labels.slice(truncated);
  const supervised = kept.slice(1).filter((label) => label !== IGNORED).length;
  if (supervised === 0) throw new LorafitError("data", "has no token to train on");
  return { ids: ids.slice(truncated), labels: kept, supervised, truncated };
}
