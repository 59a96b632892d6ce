import { hashUnit } from "../formats/hash.ts";
import { type Batch, type BatchLine, batchFromLines, labelledCapacity } from "./batch.ts";
import type { EncodedRow } from "./encode.ts";

export interface PlanOptions {
  readonly seed: number;
  /** Passes over the rows, possibly a fraction, or the number of steps. */
  readonly length: { readonly epochs: number } | { readonly steps: number };
  /** Several rows in one sequence; false puts each in the smallest length bucket that holds it. */
  readonly packing: boolean;
  /** Tokens of the longest row permitted; sequences are as long as the longest row given. */
  readonly sequenceLength: number;
  /** Tokens of one optimizer step and of one micro-batch, padding included. */
  readonly tokensPerStep: number;
  readonly microBatchTokens: number;
  /** General rows mixed in until they make up `share` of all tokens; each epoch takes the next ones of the pool. */
  readonly replay?: { readonly rows: readonly EncodedRow[]; readonly share: number } | undefined;
}

export interface BatchShape {
  readonly batch: number;
  readonly sequence: number;
  readonly labelled: number;
}

/** Order in which rows are computed. It depends on rows and options only, so a run resumes at any step. */
export interface BatchPlan {
  readonly totalSteps: number;
  readonly stepsPerEpoch: number;
  /** Every shape that occurs; one with packing. */
  readonly shapes: readonly BatchShape[];
  /** The micro-batches of a step, counted from 0 over all epochs. The last step of an epoch may have fewer. */
  step(index: number): Batch[];
}

/** Rows that share one sequence. */
interface Line {
  readonly rows: readonly EncodedRow[];
  readonly key: number;
}
interface MicroBatch {
  readonly lines: readonly Line[];
  readonly sequence: number;
  readonly key: number;
}

const SMALLEST_BUCKET = 64;

/**
 * Plans all batches of a run. In each epoch a row's place comes from hash(seed, epoch, row id), so that rows that are
 * appended leave the others in their order. The number of steps is the same in every epoch.
 */
export function planBatches(rows: readonly EncodedRow[], options: PlanOptions): BatchPlan {
  const longest = longestSequence([...rows, ...(options.replay?.rows ?? [])], options);
  const microBatch = Math.max(options.microBatchTokens, longest);
  const perStep = Math.max(1, Math.ceil(options.tokensPerStep / microBatch));
  const epochOf = epochPlanner(rows, options, longest);
  const stepsPerEpoch = Math.ceil(epochOf(0).length / perStep);
  const totalSteps =
    "steps" in options.length
      ? options.length.steps
      : Math.max(1, Math.round(options.length.epochs * stepsPerEpoch));
  const shapes = shapesOf(epochOf, options, Math.ceil(totalSteps / stepsPerEpoch));
  let current = { epoch: -1, planned: [] as MicroBatch[] };
  return {
    totalSteps,
    stepsPerEpoch,
    shapes: [...shapes.values()],
    step(index) {
      const epoch = Math.floor(index / stepsPerEpoch);
      if (current.epoch !== epoch) current = { epoch, planned: epochOf(epoch) };
      const start = (index % stepsPerEpoch) * perStep;
      return current.planned
        .slice(start, start + perStep)
        .map(({ lines, sequence }) => batchOf(lines, shapes.get(sequence)!));
    },
  };
}

/**
 * The micro-batches of an epoch. Replay rows are drawn in the order of hash(seed, row id), each epoch going on where the
 * one before it stopped, so that a large pool is not learned by heart; a few more or fewer are drawn where that keeps the
 * number of micro-batches that of the first epoch.
 */
function epochPlanner(
  rows: readonly EncodedRow[],
  options: PlanOptions,
  longest: number,
): (epoch: number) => MicroBatch[] {
  const { replay } = options;
  if (replay === undefined || replay.rows.length === 0)
    return (epoch) => microBatches(rows, options, epoch, longest);
  const pool = replay.rows
    // Ids of the two files may be equal; a row's place in the epoch must not be.
    .map((row) => ({ ...row, id: `replay/${row.id}`, group: `replay/${row.group}` }))
    .map((row) => ({ row, at: hashUnit(options.seed, "replay", row.id) }))
    .sort((a, b) => a.at - b.at)
    .map(({ row }) => row);
  const tokens = (of: readonly EncodedRow[]): number => of.reduce((sum, row) => sum + row.ids.length, 0);
  const wanted = (tokens(rows) * replay.share) / (1 - replay.share);
  const usual = Math.min(pool.length, Math.round((wanted / tokens(pool)) * pool.length));
  const draw = (epoch: number, count: number): EncodedRow[] =>
    Array.from({ length: count }, (_, i) => pool[(epoch * usual + i) % pool.length]!);
  const pack = (epoch: number, count: number): MicroBatch[] =>
    microBatches([...rows, ...draw(epoch, count)], options, epoch, longest);
  const target = pack(0, usual).length;
  return (epoch) => {
    let count = usual;
    let planned = pack(epoch, count);
    while (count > 0 && planned.length > target) planned = pack(epoch, --count);
    while (count < pool.length && planned.length < target) planned = pack(epoch, ++count);
    return planned;
  };
}

/** The room for targets is what the fullest micro-batch of any epoch needs. */
function shapesOf(
  epochOf: (epoch: number) => readonly MicroBatch[],
  options: PlanOptions,
  epochs: number,
): Map<number, BatchShape> {
  const most = new Map<number, number>();
  for (let epoch = 0; epoch < epochs; epoch++) {
    for (const { lines, sequence } of epochOf(epoch)) {
      const count = lines.reduce((sum, line) => sum + line.rows.reduce((n, row) => n + row.supervised, 0), 0);
      most.set(sequence, Math.max(most.get(sequence) ?? 0, count));
    }
  }
  return new Map(
    [...most]
      .sort(([a], [b]) => a - b)
      .map(([sequence, count]) => [
        sequence,
        { batch: linesPerBatch(options, sequence), sequence, labelled: labelledCapacity(count) },
      ]),
  );
}

function linesPerBatch(options: PlanOptions, sequence: number): number {
  return Math.max(1, Math.floor(options.microBatchTokens / sequence));
}

/** `longest`: the packed sequence's length, which is one for all epochs. */
function microBatches(
  rows: readonly EncodedRow[],
  options: PlanOptions,
  epoch: number,
  longest: number,
): MicroBatch[] {
  const keyed = rows
    .map((row) => ({ rows: [row], key: hashUnit(options.seed, epoch, row.id) }))
    .sort((a, b) => a.key - b.key);
  const buckets = new Map<number, Line[]>();
  if (options.packing) {
    buckets.set(longest, pack(keyed, longest));
  } else {
    for (const line of keyed) {
      const sequence = bucketOf(line.rows[0]!.ids.length, options.sequenceLength);
      buckets.set(sequence, [...(buckets.get(sequence) ?? []), line]);
    }
  }
  const planned: MicroBatch[] = [];
  for (const [sequence, lines] of buckets) {
    const size = linesPerBatch(options, sequence);
    for (let at = 0; at < lines.length; at += size) {
      planned.push({ lines: lines.slice(at, at + size), sequence, key: lines[at]!.key });
    }
  }
  return planned.sort((a, b) => a.key - b.key);
}

/** No longer than the longest row needs: what attention computes grows with the square of the sequence. */
function longestSequence(rows: readonly EncodedRow[], options: PlanOptions): number {
  return bucketOf(
    rows.reduce((most, row) => Math.max(most, row.ids.length), 0),
    options.sequenceLength,
  );
}

function bucketOf(length: number, longest: number): number {
  let sequence = SMALLEST_BUCKET;
  while (sequence < length) sequence *= 2;
  return Math.min(sequence, longest);
}

/** Best fit, longest rows first: each goes where it leaves the least room. Equal lengths keep their order. */
function pack(keyed: readonly Line[], sequence: number): Line[] {
  const byRoom: { rows: EncodedRow[]; key: number }[][] = Array.from({ length: sequence + 1 }, () => []);
  const bins: Line[] = [];
  const longestFirst = [...keyed].sort((a, b) => b.rows[0]!.ids.length - a.rows[0]!.ids.length);
  for (const { rows, key } of longestFirst) {
    const row = rows[0]!;
    const length = row.ids.length;
    let room = length;
    while (room <= sequence && byRoom[room]!.length === 0) room++;
    const bin = room <= sequence ? byRoom[room]!.pop()! : { rows: [], key };
    if (room > sequence) {
      room = sequence;
      bins.push(bin);
    }
    bin.rows.push(row);
    byRoom[room - length]!.push(bin);
  }
  return bins.sort((a, b) => a.key - b.key);
}

function batchOf(lines: readonly Line[], shape: BatchShape): Batch {
  const placed = lines.map(
    ({ rows }): BatchLine => ({
      ids: rows.flatMap((row) => row.ids),
      targets: rows.flatMap((row) => row.targets),
      segments: rows.flatMap((row, n) => row.ids.map(() => n + 1)),
      weights: rows.flatMap((row) => row.ids.map(() => row.weight)),
    }),
  );
  return batchFromLines(
    placed,
    shape,
    lines.flatMap((line) => line.rows.map((row) => row.id)),
  );
}
