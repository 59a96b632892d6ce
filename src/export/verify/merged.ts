import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Engine } from "../../engines/engine.ts";
import { LorafitError } from "../../errors.ts";
import type { Adapter } from "../../lora/adapter.ts";
import { openModel } from "../../model/open.ts";
import type { WeightSource } from "../../model/weights.ts";
import { loadTokenizer } from "../../tokens/tokenizer.ts";
import { compareConversation, greedyTokens, relativeDifference, TEXTS, trainedLogits } from "./verify.ts";

/** Cost of merging: the merged model, read back, against base and adapter apart, on four fixed texts in the training engine. */
export interface MergeComparison {
  readonly engine: string;
  /** Of the weights: float32, float16, bfloat16, or a type of GGUF. */
  readonly dtype: string;
  /** Relative to the largest logit. */
  readonly max_logit_difference: number;
  /** Largest difference permitted; null where the type rounds, so that the difference is a cost and no mistake. */
  readonly limit: number | null;
  /** Positions of the texts, and those at which both choose the same next token. */
  readonly greedy: { readonly tokens: number; readonly agreed: number };
}

/** float32 rounds each merged weight once, and sums are in another order. */
const MERGE_LIMIT = 1e-4;

/** @throws mismatch when a float32 merge differs by more than rounding */
export async function compareMerged(
  path: string,
  base: WeightSource,
  adapter: Adapter,
  engine: Engine,
  { dtype, threads }: { readonly dtype: string; readonly threads?: number | undefined },
): Promise<MergeComparison> {
  const cacheDir = mkdtempSync(join(tmpdir(), "lorafit-merged-"));
  try {
    const merged = openModel(path, { cacheDir });
    const { config } = base;
    const tokenizer = await loadTokenizer(base.tokenizerFiles());
    const copy = await loadTokenizer(merged.tokenizerFiles());
    const rows = TEXTS.map((text) => copy.encode(text).slice(0, config.maxPositions));
    const options = threads === undefined ? {} : { threads };
    const apart = await trainedLogits({ config, weights: base, tokenizer, adapter }, engine, rows, options);
    const as = { config: merged.config, weights: merged, tokenizer: copy, adapter: null };
    const { tuned: together } = await trainedLogits(as, engine, rows, options);
    compareConversation(tokenizer, copy);
    const difference = relativeDifference(together, apart.tuned);
    const V = config.vocabSize;
    const [expected, found] = [greedyTokens(apart.tuned, V), greedyTokens(together, V)];
    const limit = ["float32", "f32"].includes(dtype) ? MERGE_LIMIT : null;
    // `!(a <= b)` is true for NaN.
    if (!(difference <= (limit ?? Number.POSITIVE_INFINITY)))
      throw new LorafitError("mismatch", `the merged model's logits differ by ${difference} of the largest`, {
        hint: "the folder was deleted; please report this with the base's name",
      });
    return {
      engine: engine.name,
      dtype,
      max_logit_difference: difference,
      limit,
      greedy: { tokens: found.length, agreed: found.filter((id, i) => id === expected[i]).length },
    };
  } finally {
    rmSync(cacheDir, { recursive: true, force: true });
  }
}
