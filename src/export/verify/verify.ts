import type { Engine, EngineWeights } from "../../engines/engine.ts";
import { LorafitError, listMistakes } from "../../errors.ts";
import type { Adapter } from "../../lora/adapter.ts";
import { scaleFactors } from "../../lora/flat.ts";
import type { ModelConfig } from "../../model/config.ts";
import type { Tokenizer } from "../../tokens/tokenizer.ts";
import { logitsProgram } from "../../train/programs.ts";
import type { ExportedModel, Generated } from "../session.ts";
import { paddedBatch } from "./padded-batch.ts";

/** Maximum difference of logits, relative to the largest logit. */
export const LOGIT_LIMIT = 1e-3;
/** Minimum gap of the two best logits; below it float32 rounding may choose either token. */
const CLEAR_GAP = 1e-4;
const NEW_TOKENS = 8;

/** Texts on which an export is compared. */
export const TEXTS = [
  "The museum opens at nine",
  "To make the soup, first chop two onions and",
  "Q: How many days are there in two weeks?\nA:",
  "She had walked along the river for almost an hour when the rain began, so she turned back, and",
];
const CONVERSATION = [
  { role: "user", content: "Hello! Is the shop open on Sundays?" },
  { role: "assistant", content: "Yes, from 10 to 4." },
  { role: "user", content: "Thanks. And do you ship to Zürich?" },
] as const;

/** Comparison of an export, read back, with the training engine. Differences are relative to the largest logit. */
export interface Comparison {
  readonly engine: string;
  readonly max_logit_difference: number;
  readonly limit: number;
  /** Tokens that the export chose, those with a clear gap in the training engine's logits, and those that agree with it. */
  readonly greedy: { readonly tokens: number; readonly clear: number; readonly agreed: number };
  /** Difference of a padded batch of unequal prompts from single runs. */
  readonly batch_difference: number;
  /** Length of the conversation whose ids were compared; null if the model has no chat template. */
  readonly conversation_tokens: number | null;
  /** Difference of the logits with and without the adapter in the training engine; null without adapter. */
  readonly adapter_effect: number | null;
}

/** The trained model that the export must match. */
export interface Trained {
  readonly config: ModelConfig;
  readonly weights: EngineWeights;
  readonly tokenizer: Tokenizer;
  readonly adapter: Adapter | null;
}

/**
 * Runs four fixed prompts through the export and the training engine.
 * @throws mismatch that lists every difference over its limit
 */
export async function verifyExport(
  model: ExportedModel,
  trained: Trained,
  engine: Engine,
  options: { readonly threads?: number; readonly signal?: AbortSignal } = {},
): Promise<Comparison> {
  const { config, tokenizer } = trained;
  const longest = Math.max(1, config.maxPositions - NEW_TOKENS);
  const prompts = TEXTS.map((text) => tokenizer.encode(text).slice(0, longest));
  const signal = options.signal === undefined ? {} : { signal: options.signal };
  const answers = await model.generate(prompts, {
    maxNewTokens: NEW_TOKENS,
    temperature: 0,
    seed: 0,
    ...signal,
  });
  const rows = prompts.map((prompt, i) => [...prompt, ...answers[i]!.ids]);
  const exported = await model.logits(rows, { batchSize: rows.length });
  const single = await model.logits(rows, { batchSize: 1 });
  const { tuned, base } = await trainedLogits(trained, engine, rows, options);

  const comparison: Comparison = {
    engine: engine.name,
    max_logit_difference: relativeDifference(exported, tuned),
    limit: LOGIT_LIMIT,
    greedy: compareGreedy(prompts, answers, tuned, config.vocabSize, tokenizer.eosIds),
    batch_difference: relativeDifference(exported, single),
    conversation_tokens: compareConversation(tokenizer, model.tokenizer),
    adapter_effect: base === null ? null : relativeDifference(tuned, base),
  };
  const mistakes = mistakesIn(comparison);
  if (base !== null && comparison.adapter_effect! > 0 && relativeDifference(exported, base) === 0) {
    mistakes.push("the export computes the base: the adapter is without effect");
  }
  if (mistakes.length > 0) {
    throw new LorafitError(
      "mismatch",
      `the export differs from the trained model\n${listMistakes(mistakes)}`,
      {
        hint: "the folder was deleted; please report this with the base's name",
      },
    );
  }
  return comparison;
}

function mistakesIn(comparison: Comparison): string[] {
  const { max_logit_difference: logits, greedy, batch_difference: batch } = comparison;
  const mistakes: string[] = [];
  // `!(a <= b)` is true for NaN.
  if (!(logits <= LOGIT_LIMIT))
    mistakes.push(`logits differ by ${logits} of the largest, the limit is ${LOGIT_LIMIT}`);
  if (!(batch <= LOGIT_LIMIT))
    mistakes.push(`a padded batch differs from single runs by ${batch} of the largest logit`);
  if (greedy.agreed < greedy.clear)
    mistakes.push(`${greedy.clear - greedy.agreed} of ${greedy.clear} greedy tokens differ`);
  return mistakes;
}

/** Logits [length, V] of each row in the training engine, with and without the adapter. One right-padded grid. */
export async function trainedLogits(
  { config, weights, adapter }: Trained,
  engine: Engine,
  rows: readonly (readonly number[])[],
  { threads }: { readonly threads?: number },
): Promise<{ tuned: Float32Array[]; base: Float32Array[] | null }> {
  const { shape, feeds } = paddedBatch(rows);
  const [B, S] = shape;
  const session = await engine.open(weights, threads === undefined ? {} : { threads });
  try {
    const run = await session.compile(logitsProgram(config, adapter?.layout ?? null, B, S));
    const logitsWith = async (flat: Float32Array | undefined): Promise<Float32Array[]> => {
      if (flat !== undefined) await session.writeState({ parameters: { shape: [flat.length], data: flat } });
      const data = Float32Array.from((await run.run(feeds)).outputs["logits"]!.data as Float32Array);
      const V = config.vocabSize;
      return rows.map((row, b) => data.subarray(b * S * V, (b * S + row.length) * V));
    };
    const tuned = await logitsWith(adapter?.flat);
    const base = adapter === null ? null : await logitsWith(scaleFactors(adapter.layout, adapter.flat, 0));
    return { tuned, base };
  } finally {
    await session.close();
  }
}

/** max |a - b| / max |b| over all rows. */
export function relativeDifference(a: readonly Float32Array[], b: readonly Float32Array[]): number {
  let difference = 0;
  let largest = 0;
  for (const [r, row] of b.entries()) {
    for (let i = 0; i < row.length; i++) {
      // Math.max propagates NaN.
      difference = Math.max(difference, Math.abs(a[r]![i]! - row[i]!));
      largest = Math.max(largest, Math.abs(row[i]!));
    }
  }
  return difference / largest;
}

/** Compares each generated token with the trained logits at the position before it. */
function compareGreedy(
  prompts: readonly (readonly number[])[],
  answers: readonly Generated[],
  logits: readonly Float32Array[],
  V: number,
  stopIds: readonly number[],
): Comparison["greedy"] {
  const greedy = { tokens: 0, clear: 0, agreed: 0 };
  for (const [r, { ids, finish }] of answers.entries()) {
    const chosen = finish === "stop" ? [...ids, null] : ids;
    for (const [n, id] of chosen.entries()) {
      const t = prompts[r]!.length + n;
      const { best, gap } = topTwo(logits[r]!.subarray((t - 1) * V, t * V));
      greedy.tokens++;
      if (gap <= CLEAR_GAP) continue;
      greedy.clear++;
      if (id === null ? stopIds.includes(best) : best === id) greedy.agreed++;
    }
  }
  return greedy;
}

/** The token with the highest logit at each position of each row [length, V]. */
export const greedyTokens = (rows: readonly Float32Array[], V: number): number[] =>
  rows.flatMap((row) =>
    Array.from({ length: row.length / V }, (_, t) => topTwo(row.subarray(t * V, (t + 1) * V)).best),
  );

function topTwo(logits: Float32Array): { best: number; gap: number } {
  let best = 0;
  let second = Number.NEGATIVE_INFINITY;
  for (let i = 1; i < logits.length; i++) {
    if (logits[i]! > logits[best]!) {
      second = logits[best]!;
      best = i;
    } else if (logits[i]! > second) second = logits[i]!;
  }
  return { best, gap: logits[best]! - second };
}

/**
 * Compares the ids of a conversation.
 * @returns their number; null for a tokenizer without a chat template
 * @throws mismatch
 */
export function compareConversation(trained: Tokenizer, exported: Tokenizer): number | null {
  const idsOf = (tokenizer: Tokenizer): number[] | null => {
    try {
      return tokenizer.encode(tokenizer.renderChat(CONVERSATION, { addGenerationPrompt: true }));
    } catch (error) {
      if (LorafitError.is(error) && error.kind === "data") return null;
      throw error;
    }
  };
  const [expected, found] = [idsOf(trained), idsOf(exported)];
  if (String(expected) !== String(found)) {
    throw new LorafitError(
      "mismatch",
      "the exported tokenizer gives other ids for a conversation than the training tokenizer",
      {
        hint: "the folder was deleted; please report this with the base's name",
      },
    );
  }
  return expected === null ? null : expected.length;
}
