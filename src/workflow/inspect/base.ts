import { LorafitError } from "../../errors.ts";
import { openModel } from "../../model/open.ts";
import { isEncoder } from "../../model/programs.ts";
import { openPipeline } from "../../tokens/pipeline.ts";
import { loadTokenizer } from "../../tokens/tokenizer.ts";
import { elements, type Inspection, storages } from "./inspection.ts";

/** Opens a model with its weights as a base, tokenizer included. */
export async function inspectBase(kind: string, path: string, cacheDir: string): Promise<Inspection> {
  try {
    const base = openModel(path, { cacheDir });
    const tensors = base.list();
    const { config } = base;
    const encoder = isEncoder(config);
    // The ends of turns are of no use to an encoder.
    if (encoder) openPipeline(base.tokenizerFiles().tokenizerJson);
    else await loadTokenizer(base.tokenizerFiles());
    return {
      kind,
      trainable: !encoder,
      use: encoder
        ? "an encoder: it gives hidden states of texts and predicts no next token"
        : "a base: name it as `base` in task.yaml",
      facts: {
        family: config.family,
        parameters: tensors.reduce((sum, { shape }) => sum + elements(shape), 0),
        layers: config.layers,
        hidden_size: config.hiddenSize,
        heads: `${config.heads} query, ${config.kvHeads} key-value`,
        vocabulary: config.vocabSize,
        context: config.maxPositions,
        storage: storages(tensors),
        sha256: base.sha256,
      },
    };
  } catch (error) {
    if (!LorafitError.is(error) || error.kind !== "data") throw error;
    return { kind, trainable: false, use: error.message, facts: {} };
  }
}
