import { LorafitError } from "../errors.ts";
import { createRng, type Rng } from "../rng.ts";
import { groupsByLength, prefill } from "./batch.ts";
import type { Decoder } from "./decoder.ts";

export interface GenerateOptions {
  readonly maxNewTokens: number;
  /** 0: greedy. */
  readonly temperature: number;
  /** Each row draws from its own generator, seeded by this and its index, so that batching does not change a draw. */
  readonly seed: number;
  readonly batchSize?: number;
  readonly signal?: AbortSignal;
}

/** Reason for the end of a row: a stop token ("stop"), maxNewTokens or the end of the context ("length"). */
export type Finish = "stop" | "length";

/** One more token of a row, or its end. The stop token is not reported. */
export type TokenEvent =
  | { readonly type: "token"; readonly row: number; readonly id: number }
  | { readonly type: "end"; readonly row: number; readonly finish: Finish };

interface Row {
  readonly index: number;
  readonly prompt: readonly number[];
  readonly rng: Rng;
  count: number;
  /** Token that was drawn and not yet fed. */
  next: number;
  ended: boolean;
}

/**
 * Continues prompts, shortest first, in left-padded batches. The events of all rows are interleaved.
 * @throws data error for an empty prompt or one that fills the context; the signal's reason when aborted
 */
export async function* generateTokens(
  decoder: Decoder,
  stopIds: ReadonlySet<number>,
  prompts: readonly (readonly number[])[],
  options: GenerateOptions,
): AsyncGenerator<TokenEvent> {
  const { maxPositions, vocabSize: V } = decoder.config;
  checkPrompts(prompts, maxPositions);
  const advance = (row: Row, logits: Float32Array): TokenEvent[] => {
    const id = pickToken(logits, options.temperature, row.rng);
    row.ended = stopIds.has(id);
    if (row.ended) return [{ type: "end", row: row.index, finish: "stop" }];
    row.next = id;
    row.count++;
    row.ended = row.count >= options.maxNewTokens || row.prompt.length + row.count >= maxPositions;
    const token: TokenEvent = { type: "token", row: row.index, id };
    return row.ended ? [token, { type: "end", row: row.index, finish: "length" }] : [token];
  };

  const lengths = prompts.map((prompt) => prompt.length);
  for (const group of groupsByLength(lengths, options.batchSize ?? 16)) {
    let rows = group.map((index): Row => {
      const rng = createRng(`${options.seed}/generate/${index}`);
      return { index, prompt: prompts[index]!, rng, count: 0, next: 0, ended: false };
    });
    const events: TokenEvent[] = [];
    const batch = await prefill(
      decoder,
      rows.map((row) => row.prompt),
      (b, position, logits) => {
        if (position === rows[b]!.prompt.length - 1) events.push(...advance(rows[b]!, logits));
      },
      options.signal,
    );
    yield* events;
    while (rows.some((row) => !row.ended)) {
      options.signal?.throwIfAborted();
      const open = rows.flatMap((row, b) => (row.ended ? [] : [b]));
      if (open.length <= rows.length / 2) {
        batch.keep(open);
        rows = open.map((b) => rows[b]!);
      }
      const logits = await batch.extend(
        BigInt64Array.from(rows, (row) => BigInt(row.next)),
        1,
      );
      for (const [b, row] of rows.entries()) {
        if (!row.ended) yield* advance(row, logits.subarray(b * V, (b + 1) * V));
      }
    }
  }
}

function checkPrompts(prompts: readonly (readonly number[])[], maxPositions: number): void {
  for (const [i, { length }] of prompts.entries()) {
    if (length === 0)
      throw new LorafitError("data", `prompt ${i + 1}: empty`, { hint: "give at least one token" });
    if (length >= maxPositions) {
      throw new LorafitError("data", `prompt ${i + 1}: ${length} tokens, the context holds ${maxPositions}`, {
        hint: "shorten it",
      });
    }
  }
}

/** Index of the first largest logit at temperature 0, else a draw from softmax(logits / temperature) in float64. */
export function pickToken(logits: Float32Array, temperature: number, rng: Rng): number {
  let best = 0;
  for (let i = 1; i < logits.length; i++) if (logits[i]! > logits[best]!) best = i;
  if (temperature === 0) return best;
  const exponentials = new Float64Array(logits.length);
  let left = 0;
  for (let i = 0; i < exponentials.length; i++) {
    exponentials[i] = Math.exp((logits[i]! - logits[best]!) / temperature);
    left += exponentials[i]!;
  }
  left *= rng.next();
  for (let i = 0; i < exponentials.length; i++) {
    left -= exponentials[i]!;
    if (left < 0) return i;
  }
  return best;
}
