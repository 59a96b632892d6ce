import { LorafitError, listMistakes } from "../errors.ts";
import type { Encoding, RowFormat, RowTokenizer, TrainingRow } from "./row-format.ts";

/** A row as the model is trained on it. */
export interface EncodedRow extends Encoding {
  readonly id: string;
  readonly group: string;
  /** file:line */
  readonly where: string;
  /** The name of the shape that the row has in the file. */
  readonly shape: string;
  /** Number of targets. */
  readonly supervised: number;
  /** Factor of the loss of each target. */
  readonly weight: number;
}

export interface Encoded {
  readonly rows: EncodedRow[];
  /** One line each, with file:line. */
  readonly warnings: string[];
}

/** No target, as in transformers. */
export const IGNORED = -100;

/**
 * Encodes rows into ids and targets of at most `maxLength` tokens.
 * @param maxLength tokens of the longest row; a longer one is cut as its format says
 * @param weightOf factor of a row's loss; by default 1
 * @throws data error that lists every row that cannot be encoded
 */
export function encodeRows(
  format: RowFormat,
  rows: readonly TrainingRow[],
  tokenizer: RowTokenizer,
  options: { readonly maxLength: number; readonly weightOf?: ((row: TrainingRow) => number) | undefined },
): Encoded {
  const { maxLength, weightOf = () => 1 } = options;
  const warnings: string[] = [];
  const mistakes: string[] = [];
  const encoded: EncodedRow[] = [];
  for (const row of rows) {
    const where = `${row.file}:${row.line}`;
    try {
      const result = format.encode(row, tokenizer, maxLength, (text) => warnings.push(`${where}: ${text}`));
      const supervised = result.targets.filter((target) => target !== IGNORED).length;
      if (supervised === 0) throw new LorafitError("data", "has no token to train on");
      if (result.truncated > 0) {
        warnings.push(
          `${where}: ${result.truncated} tokens cut from its ${format.cutsAt} to fit ${maxLength}`,
        );
      }
      const { id, group, shape } = row;
      encoded.push({ id, group, where, shape, ...result, supervised, weight: weightOf(row) });
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
