import type { Tensor } from "onnxruntime-node";
import type { Decoder } from "./decoder.ts";

/** Logits that one run may return at most (float32: 128 MB); longer inputs go through the cache in chunks. */
const LOGITS_BUDGET = 32 * 2 ** 20;

/** Start of the names of a graph's cache inputs: past_key_values.0.key comes back as present.0.key. */
const PAST = /^past(?:_key_values)?(?=[._])/;
const PRESENT = "present";

/** Dimension of a cache input before the first token: the batch size, 0 for every other symbol, else the number itself. */
const initialLength = (length: number | string, rows: number): number =>
  length === "batch_size" ? rows : typeof length === "string" ? 0 : length;

/**
 * Rows in progress, padded on the left to one length. `columns` have been fed so far. Row b is real from column `pads[b]`
 * on, and its positions count from there.
 */
class DecodingBatch {
  readonly #decoder: Decoder;
  #pads: readonly number[];
  #past: Record<string, Tensor> = {};
  #columns = 0;

  constructor(decoder: Decoder, pads: readonly number[]) {
    this.#decoder = decoder;
    this.#pads = pads;
    for (const input of decoder.session.inputMetadata) {
      if (!input.isTensor || !PAST.test(input.name)) continue;
      const shape = input.shape.map((length) => initialLength(length, pads.length));
      const elements = shape.reduce((product, length) => product * length, 1);
      this.#past[input.name] = new decoder.runtime.Tensor("float32", new Float32Array(elements), shape);
    }
  }

  get columns(): number {
    return this.#columns;
  }

  /** Maximum number of columns for one `extend`. */
  get budget(): number {
    return Math.max(1, Math.floor(LOGITS_BUDGET / (this.#pads.length * this.#decoder.config.vocabSize)));
  }

  /** Feeds the next columns of every row, ids [rows, count] -> logits [rows, count, V]; padding columns hold any valid id. */
  async extend(ids: BigInt64Array, count: number): Promise<Float32Array> {
    const { session, config, factors } = this.#decoder;
    const { Tensor } = this.#decoder.runtime;
    const rows = this.#pads.length;
    const total = this.#columns + count;
    const mask = new BigInt64Array(rows * total);
    const positions = new BigInt64Array(rows * count);
    for (const [row, pad] of this.#pads.entries()) {
      mask.fill(1n, row * total + Math.min(pad, total), (row + 1) * total);
      for (let i = 0; i < count; i++) {
        // Only rows that have ended reach the upper bound.
        const position = Math.min(Math.max(0, this.#columns + i - pad), config.maxPositions - 1);
        positions[row * count + i] = BigInt(position);
      }
    }
    const outputs = await session.run({
      input_ids: new Tensor("int64", ids, [rows, count]),
      attention_mask: new Tensor("int64", mask, [rows, total]),
      position_ids: new Tensor("int64", positions, [rows, count]),
      ...this.#past,
      ...factors,
    });
    for (const name of Object.keys(this.#past)) {
      this.#past[name] = outputs[name.replace(PAST, PRESENT)]!;
    }
    this.#columns = total;
    return outputs["logits"]!.data as Float32Array;
  }

  /** Drops all rows but these. */
  keep(rows: readonly number[]): void {
    const { Tensor } = this.#decoder.runtime;
    for (const [name, tensor] of Object.entries(this.#past)) {
      const size = tensor.size / this.#pads.length;
      const data = new Float32Array(rows.length * size);
      for (const [i, row] of rows.entries()) {
        data.set((tensor.data as Float32Array).subarray(row * size, (row + 1) * size), i * size);
      }
      this.#past[name] = new Tensor("float32", data, [rows.length, ...tensor.dims.slice(1)]);
    }
    this.#pads = rows.map((row) => this.#pads[row]!);
  }
}

type VisitLogits = (row: number, position: number, logits: Float32Array) => void;

/**
 * Runs rows of unequal length through the graph as one left-padded batch, in chunks that fit the budget. `visit` receives the
 * logits [V] of each real position, as a view that the next chunk overwrites.
 */
export async function prefill(
  decoder: Decoder,
  rows: readonly (readonly number[])[],
  visit: VisitLogits,
  signal?: AbortSignal,
): Promise<DecodingBatch> {
  const width = Math.max(...rows.map((row) => row.length));
  const pads = rows.map((row) => width - row.length);
  const batch = new DecodingBatch(decoder, pads);
  const V = decoder.config.vocabSize;
  while (batch.columns < width) {
    signal?.throwIfAborted();
    const start = batch.columns;
    const count = Math.min(batch.budget, width - start);
    const ids = new BigInt64Array(rows.length * count);
    for (const [b, row] of rows.entries()) {
      for (let i = 0; i < count; i++) ids[b * count + i] = BigInt(row[start + i - pads[b]!] ?? 0);
    }
    const logits = await batch.extend(ids, count);
    for (const [b, pad] of pads.entries()) {
      for (let i = Math.max(0, pad - start); i < count; i++) {
        const at = (b * count + i) * V;
        visit(b, start + i - pad, logits.subarray(at, at + V));
      }
    }
  }
  return batch;
}

/** Indices of rows sorted by length, in groups of `size`, so that the rows of a group need little padding. */
export function groupsByLength(lengths: readonly number[], size: number): number[][] {
  const order = lengths.map((_, row) => row).sort((a, b) => lengths[a]! - lengths[b]! || a - b);
  return Array.from({ length: Math.ceil(order.length / size) }, (_, i) =>
    order.slice(i * size, (i + 1) * size),
  );
}
