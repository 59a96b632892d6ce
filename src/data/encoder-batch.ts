import * as z from "zod";
import { LorafitError } from "../errors.ts";
import { type Batch, type BatchLine, batchFromLines } from "./batch.ts";
import { IGNORED } from "./encode.ts";

const texts = z.array(z.array(z.int().min(0)).min(1)).min(1);
const pairsSchema = z.strictObject({ queries: texts, passages: texts });
const gridSchema = z.strictObject({ input_ids: texts, segments: texts.optional(), labels: z.unknown() });

interface Options {
  readonly vocabSize: number;
  readonly padId: number | null;
}

/**
 * The batch of a `debug` file for an encoder. {"queries", "passages"}: lists of token ids, passage i belonging to query i; the rows are
 * the queries, then the passages, and the loss counts queries. {"input_ids", "segments"?}: texts without a loss; without segments a row
 * ends with its last token that is not `padId`. Rows are padded on the right.
 * @throws data error that says what does not fit
 */
export function encoderBatch(value: unknown, options: Options): Batch {
  const pairs = pairsSchema.safeParse(value);
  if (pairs.success) {
    const { queries, passages } = pairs.data;
    if (queries.length !== passages.length)
      throw invalid(`${passages.length} passages for ${queries.length} queries`);
    const lines = [...queries, ...passages].map((ids) => line(ids, undefined, { ...options, padId: null }));
    return { ...filled(lines), count: queries.length };
  }
  const grid = gridSchema.safeParse(value);
  if (!grid.success) {
    const issue = grid.error.issues[0]!;
    throw invalid(`${issue.path.join(".") || "the file"}: ${issue.message}`);
  }
  const { input_ids, segments } = grid.data;
  if (segments !== undefined && segments.length !== input_ids.length)
    throw invalid(`segments: ${segments.length} rows for ${input_ids.length}`);
  return filled(input_ids.map((ids, row) => line(ids, segments?.[row], options)));
}

function line(
  ids: readonly number[],
  given: readonly number[] | undefined,
  { vocabSize, padId }: Options,
): BatchLine {
  const stranger = ids.find((id) => id >= vocabSize);
  if (stranger !== undefined) throw invalid(`${stranger} is no token of a vocabulary of ${vocabSize}`);
  if (given !== undefined && given.length !== ids.length)
    throw invalid(`${given.length} segments for ${ids.length} input_ids`);
  const last = ids.findLastIndex((id) => id !== padId);
  const segments = given ?? ids.map((_, t) => (t <= last ? 1 : 0));
  return { ids, segments, targets: ids.map(() => IGNORED) };
}

function filled(lines: readonly BatchLine[]): Batch {
  const sequence = Math.max(...lines.map(({ ids }) => ids.length));
  return batchFromLines(lines, { batch: lines.length, sequence, labelled: 1 });
}

const invalid = (message: string): LorafitError =>
  new LorafitError("data", `batch: ${message}`, {
    hint: 'expected {"queries": [[int]], "passages": [[int]]}, or {"input_ids": [[int]], "segments"?: [[int]]}',
  });
