import type { Engine } from "../../engines/engine.ts";
import { LorafitError, listMistakes } from "../../errors.ts";
import type { Adapter } from "../../lora/adapter.ts";
import { scaleFactors } from "../../lora/flat.ts";
import type { WeightSource } from "../../model/weights.ts";
import { classLogitsProgram } from "../../train/programs.ts";
import type { ExportedClassifier } from "../classifier.ts";
import { paddedBatch } from "./padded-batch.ts";
import { LOGIT_LIMIT, relativeDifference } from "./verify.ts";

const TEXTS = [
  "Hello",
  "When can I come by to pick up my bike?",
  "I paid twice for the same order, and nobody has answered my two mails. Please send the money back.",
  "The rear brake squeals.\nIs that covered?",
];

/** Comparison of an exported classifier, read back, with the training engine. Differences are relative to the largest logit. */
export interface ClassifierComparison {
  readonly engine: string;
  readonly max_logit_difference: number;
  readonly limit: number;
  /** Difference of a padded batch of unequal texts from single runs. */
  readonly batch_difference: number;
  /** Difference of the logits with and without the factors in the training engine. */
  readonly adapter_effect: number;
}

/**
 * Runs four fixed texts through the export and the training engine.
 * @throws mismatch that lists every difference over its limit
 */
export async function verifyClassifier(
  model: ExportedClassifier,
  base: WeightSource,
  { layout, flat }: Adapter,
  engine: Engine,
  options: { readonly threads?: number } = {},
): Promise<ClassifierComparison> {
  const rows = TEXTS.map((text) => model.tokenizer.encodeWhole(text).slice(0, base.config.maxPositions));
  const exported = await model.classify(rows, { batchSize: rows.length });
  const single = await model.classify(rows, { batchSize: 1 });
  const { shape, feeds } = paddedBatch(rows);
  const K = model.labels.length;
  const session = await engine.open(base, options);
  try {
    const run = await session.compile(classLogitsProgram(base.config, layout, ...shape));
    const logitsWith = async (parameters: Float32Array): Promise<Float32Array[]> => {
      await session.writeState({ parameters: { shape: [parameters.length], data: parameters } });
      const data = Float32Array.from((await run.run(feeds)).outputs["logits"]!.data as Float32Array);
      return rows.map((_, b) => data.subarray(b * K, (b + 1) * K));
    };
    const tuned = await logitsWith(flat);
    const without = await logitsWith(scaleFactors(layout, flat, 0));
    const comparison: ClassifierComparison = {
      engine: engine.name,
      max_logit_difference: relativeDifference(exported, tuned),
      limit: LOGIT_LIMIT,
      batch_difference: relativeDifference(exported, single),
      adapter_effect: relativeDifference(tuned, without),
    };
    refuse(comparison);
    return comparison;
  } finally {
    await session.close();
  }
}

function refuse({ max_logit_difference: logits, batch_difference: batch }: ClassifierComparison): void {
  const mistakes: string[] = [];
  // `!(a <= b)` is true for NaN.
  if (!(logits <= LOGIT_LIMIT))
    mistakes.push(`logits differ by ${logits} of the largest, the limit is ${LOGIT_LIMIT}`);
  if (!(batch <= LOGIT_LIMIT))
    mistakes.push(`a padded batch differs from single runs by ${batch} of the largest logit`);
  if (mistakes.length === 0) return;
  throw new LorafitError("mismatch", `the export differs from the trained model\n${listMistakes(mistakes)}`, {
    hint: "the folder was deleted; please report this with the base's name",
  });
}
