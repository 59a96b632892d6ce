import * as z from "zod";
import { LorafitError } from "../errors.ts";
import { IGNORED } from "./encode.ts";

/** Inputs of a training Program for one micro-batch: B sequences of S tokens, N places for targets. */
export interface Batch {
  /** B */
  readonly batch: number;
  /** S */
  readonly sequence: number;
  /** [B,S] */
  readonly inputIds: BigInt64Array;
  /** [B,S], from 0 in each document; 0 where padded. */
  readonly positions: BigInt64Array;
  /** [B,S], number of the document from 1 on; 0 is padding. */
  readonly segments: BigInt64Array;
  /** [N], flat index b*S+t of each position that has a target; then 0. */
  readonly labelled: BigInt64Array;
  /** [N], that target: the next token, or a class; then 0. */
  readonly targets: BigInt64Array;
  /** [N], weight of each target, 1 unless the task weighs its classes; 0 for padding. */
  readonly lossWeights: Float32Array;
  /** Sum of these weights: the number of targets where each is 1. */
  readonly count: number;
  /** Number of tokens that are not padding. */
  readonly tokens: number;
  /** Ids of the rows, for messages. */
  readonly rows: readonly string[];
}

/** Token ids, targets and document numbers of one sequence of a batch. */
export interface BatchLine {
  readonly ids: readonly number[];
  /** What each position is to predict; -100 is no target. */
  readonly targets: readonly number[];
  readonly segments: readonly number[];
  /** Factor of the loss at each position; absent: 1. */
  readonly weights?: readonly number[];
}

/** The number of places for targets is a multiple of this, so that few Programs are compiled. */
export const LABELLED_MULTIPLE = 32;

/** The smallest permitted N for a number of targets. */
export function labelledCapacity(count: number): number {
  return Math.max(1, Math.ceil(count / LABELLED_MULTIPLE)) * LABELLED_MULTIPLE;
}

/**
 * Places lines in a grid of `batch` x `sequence`, padded on the right and below.
 * Lines, their number and their targets must fit.
 */
export function batchFromLines(
  lines: readonly BatchLine[],
  shape: { readonly batch: number; readonly sequence: number; readonly labelled: number },
  rows: readonly string[] = [],
): Batch {
  const { batch, sequence } = shape;
  const grid = () => new BigInt64Array(batch * sequence);
  const [inputIds, positions, segments] = [grid(), grid(), grid()];
  const labelled = new BigInt64Array(shape.labelled);
  const targets = new BigInt64Array(shape.labelled);
  const lossWeights = new Float32Array(shape.labelled);
  let [places, count, tokens] = [0, 0, 0];
  for (const [b, line] of lines.entries()) {
    for (const [t, id] of line.ids.entries()) {
      const at = b * sequence + t;
      const segment = line.segments[t]!;
      inputIds[at] = BigInt(id);
      segments[at] = BigInt(segment);
      if (segment === 0) continue;
      tokens++;
      if (t > 0 && line.segments[t - 1] === segment) positions[at] = positions[at - 1]! + 1n;
      const target = line.targets[t]!;
      if (target === IGNORED) continue;
      labelled[places] = BigInt(at);
      targets[places] = BigInt(target);
      lossWeights[places] = line.weights?.[t] ?? 1;
      count += lossWeights[places++]!;
    }
  }
  return {
    batch,
    sequence,
    inputIds,
    positions,
    segments,
    labelled,
    targets,
    lossWeights,
    count,
    tokens,
    rows,
  };
}

const grid = z.array(z.array(z.int().min(0)).min(1)).min(1);
const labelsSchema = z.strictObject({
  input_ids: grid,
  labels: z.array(z.array(z.int())),
  segments: grid.optional(),
});

/**
 * The batch of a `debug` file: {"input_ids", "labels", "segments"?}, rows of equal length, labels unshifted.
 * Without segments each row is one document, so that padding on its right is computed but never looked at.
 * @throws data error that says what does not fit
 */
export function batchFromLabels(value: unknown, options: { readonly vocabSize?: number } = {}): Batch {
  const parsed = labelsSchema.safeParse(value);
  if (!parsed.success) {
    const issue = parsed.error.issues[0]!;
    throw invalid(`${issue.path.join(".") || "the file"}: ${issue.message}`);
  }
  const { input_ids, labels, segments } = parsed.data;
  const sequence = input_ids[0]!.length;
  const limit = options.vocabSize ?? Number.POSITIVE_INFINITY;
  if (labels.length !== input_ids.length)
    throw invalid(`labels: ${labels.length} rows for ${input_ids.length}`);
  if (segments !== undefined && segments.length !== input_ids.length) {
    throw invalid(`segments: ${segments.length} rows for ${input_ids.length}`);
  }
  const lines = input_ids.map((ids, b): BatchLine => {
    const line = { ids, labels: labels[b]!, segments: segments?.[b] ?? ids.map(() => 1) };
    for (const [key, row] of Object.entries(line)) {
      if (row.length !== sequence)
        throw invalid(`row ${b}: ${row.length} ${key} where the first row has ${sequence} ids`);
    }
    const stranger = [...ids, ...line.labels].find((id) => id !== IGNORED && (id < 0 || id >= limit));
    if (stranger !== undefined)
      throw invalid(`row ${b}: ${stranger} is no token of a vocabulary of ${limit}`);
    const starts = line.segments.filter((segment, t) => segment !== 0 && segment !== line.segments[t - 1]);
    if (new Set(starts).size < starts.length) throw invalid(`row ${b}: a segment must be contiguous`);
    return { ids, targets: nextTokens(line), segments: line.segments };
  });
  const count = lines.flatMap(({ targets }) => targets.filter((target) => target !== IGNORED)).length;
  return batchFromLines(lines, { batch: lines.length, sequence, labelled: labelledCapacity(count) });
}

/** Each position's target: the label of the next token, where that is in the same document. */
const nextTokens = ({
  labels,
  segments,
}: {
  readonly labels: readonly number[];
  readonly segments: readonly number[];
}): number[] =>
  segments.map((segment, t) => (segment !== 0 && segments[t + 1] === segment ? labels[t + 1]! : IGNORED));

const classSchema = z.strictObject({
  input_ids: grid,
  class_labels: z.array(z.int()),
  segments: grid.optional(),
});

/**
 * The batch of a `debug` file for a classifier: {"input_ids", "class_labels", "segments"?}, one document a row. Segments are 1
 * for a token and 0 for padding; without them a row ends with its last token that is not `padId`, as in transformers. A label of
 * -100 counts nothing.
 * @throws data error that says what does not fit
 */
export function batchFromClasses(
  value: unknown,
  options: { readonly vocabSize?: number; readonly classes: number; readonly padId: number | null },
): Batch {
  const parsed = classSchema.safeParse(value);
  if (!parsed.success) {
    const issue = parsed.error.issues[0]!;
    throw invalid(`${issue.path.join(".") || "the file"}: ${issue.message}`, CLASS_HINT);
  }
  const { input_ids, class_labels: labels, segments } = parsed.data;
  if (labels.length !== input_ids.length)
    throw invalid(`class_labels: ${labels.length} for ${input_ids.length} rows`, CLASS_HINT);
  const lines = input_ids.map((ids, b): BatchLine => {
    const last = ids.findLastIndex((id) => id !== options.padId);
    const mask = segments?.[b] ?? ids.map((_, t) => (t <= last ? 1 : 0));
    const label = labels[b]!;
    if (ids.length !== input_ids[0]!.length || mask.length !== ids.length)
      throw invalid(`row ${b}: is not as long as the first row`, CLASS_HINT);
    const stranger = ids.find((id) => id >= (options.vocabSize ?? Number.POSITIVE_INFINITY));
    if (stranger !== undefined)
      throw invalid(`row ${b}: ${stranger} is no token of a vocabulary of ${options.vocabSize}`, CLASS_HINT);
    if (label !== IGNORED && (label < 0 || label >= options.classes))
      throw invalid(`row ${b}: ${label} is no class of ${options.classes}`, CLASS_HINT);
    if (mask.some((segment) => segment > 1) || !mask.includes(1))
      throw invalid(`row ${b}: a row holds one document, whose tokens are segment 1`, CLASS_HINT);
    const end = mask.lastIndexOf(1);
    return { ids, segments: mask, targets: ids.map((_, t) => (t === end ? label : IGNORED)) };
  });
  const shape = {
    batch: lines.length,
    sequence: input_ids[0]!.length,
    labelled: labelledCapacity(lines.length),
  };
  return batchFromLines(lines, shape);
}

const CLASS_HINT = 'expected {"input_ids": [[int]], "class_labels": [int], "segments"?: [[int]]}';

function invalid(
  message: string,
  hint = 'expected {"input_ids": [[int]], "labels": [[int]], "segments"?: [[int]]}',
): LorafitError {
  return new LorafitError("data", `batch: ${message}`, { hint });
}
