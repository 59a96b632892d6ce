import type { Task } from "../../task/load.ts";
import type { Questions } from "../cases/kinds/case-kind.ts";
import type { Likelihood, ModelOutputs } from "../cases/model-outputs.ts";
import type { EvaluatedModel } from "./model.ts";

/** Most tokens of a batch, padding and answers included: bounds the key/value cache in memory. */
const GENERATE_TOKENS = 4096;
/** Most tokens of a batch in which every token is scored: bounds the logits. */
const SCORE_TOKENS = 2048;

/** Cuts entries, sorted by length, into batches whose padded size stays within `budget` tokens. */
function* batches<T>(entries: readonly T[], length: (entry: T) => number, budget: number): Generator<T[]> {
  let batch: T[] = [];
  for (const entry of entries) {
    if (batch.length > 0 && (batch.length + 1) * length(entry) > budget) {
      yield batch;
      batch = [];
    }
    batch.push(entry);
  }
  if (batch.length > 0) yield batch;
}

/**
 * Lets one model answer.
 * @param onWork called after each batch with its tokens, which sum to `workOf(questions)`
 */
export async function ask(
  model: EvaluatedModel,
  questions: Questions,
  { decoding, seed }: Pick<Task, "decoding" | "seed">,
  onWork: (tokens: number) => void,
  signal?: AbortSignal,
): Promise<ModelOutputs> {
  const outputs: ModelOutputs = { generated: new Map(), likelihood: new Map(), classified: new Map() };
  const longest = decoding.max_new_tokens;
  for (const batch of batches(questions.prompts, ({ ids }) => ids.length + longest, GENERATE_TOKENS)) {
    signal?.throwIfAborted();
    const answers = await model.generate!(
      batch.map(({ ids }) => ids),
      {
        maxNewTokens: longest,
        temperature: decoding.temperature,
        // Each batch draws differently; base and tuned draw the same.
        seed: (seed + outputs.generated.size) >>> 0,
        batchSize: batch.length,
        ...(signal && { signal }),
      },
    );
    for (const [i, { ids, finish }] of answers.entries()) {
      const text = model.tokenizer.decode(ids, { skipSpecial: true }).trim();
      outputs.generated.set(batch[i]!.id, { text, tokens: ids.length, finish });
    }
    onWork(batch.reduce((total, { ids }) => total + ids.length + longest, 0));
  }
  for (const batch of batches(questions.rows, ({ row }) => row.ids.length, SCORE_TOKENS)) {
    signal?.throwIfAborted();
    const rows = batch.map(({ row }) => row);
    const scores = await model.logLikelihood!(rows, { batchSize: batch.length });
    for (const [i, { id, text, bytes }] of batch.entries()) {
      const texts = outputs.likelihood.get(id) ?? new Map<string, Likelihood>();
      outputs.likelihood.set(id, texts.set(text, { ...scores[i]!, bytes }));
    }
    onWork(rows.reduce((total, { ids }) => total + ids.length, 0));
  }
  for (const batch of batches(questions.texts, ({ ids }) => ids.length, SCORE_TOKENS)) {
    signal?.throwIfAborted();
    const rows = batch.map(({ ids }) => ids);
    const logits = await model.classify!(rows, { batchSize: batch.length });
    for (const [i, { id, ids }] of batch.entries()) {
      const { best, probability } = softmaxOf(logits[i]!);
      const label = model.labels![best]!;
      outputs.classified.set(id, { label, confidence: probability, tokens: ids.length });
    }
    onWork(rows.reduce((total, ids) => total + ids.length, 0));
  }
  return outputs;
}

/** The largest entry and its softmax probability, in float64. */
function softmaxOf(logits: Float32Array): { best: number; probability: number } {
  const best = logits.reduce((most, logit, k) => (logit > logits[most]! ? k : most), 0);
  const sum = logits.reduce((total, logit) => total + Math.exp(logit - logits[best]!), 0);
  return { best, probability: 1 / sum };
}
