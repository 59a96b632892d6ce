import { execFile } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, expect, it } from "vitest";
import { onnxEngine } from "../../src/engines/onnx/onnx.ts";
import { exportModel } from "../../src/export/export.ts";
import type { Comparison } from "../../src/export/verify/verify.ts";
import { openModel } from "../../src/model/open.ts";
import { randomModel } from "../../src/model/random.ts";
import type { WeightSource } from "../../src/model/weights.ts";
import { baseFolder, greedyByTraining } from "../export/fixture.ts";
import { randomAdapter } from "../tiny-model.ts";

/** Families whose cache or inputs differ from Llama's, as random models with the bundled base's tokenizer. */
const FAMILIES = {
  lfm2: {
    ...{
      hidden_size: 48,
      intermediate_size: 96,
      num_hidden_layers: 3,
      num_attention_heads: 4,
      num_key_value_heads: 2,
    },
    ...{
      max_position_embeddings: 128,
      layer_types: ["conv", "full_attention", "conv"],
      initializer_range: 0.3,
    },
  },
  gpt2: { n_embd: 48, n_layer: 2, n_head: 4, n_positions: 128, initializer_range: 0.3 },
};
const TEXTS = ["The", "Can I return", "My order has not", "Hello, I would like to know whether"];
const NEW_TOKENS = 10;

const scratch = mkdtempSync(join(tmpdir(), "lorafit-decoders-"));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

const consumer = join(import.meta.dirname, "huggingface");
const installed = existsSync(join(consumer, "node_modules"));

it.each(Object.entries(FAMILIES))(
  "%s: onnxruntime and @huggingface/transformers continue prompts as the training engine does",
  async (modelType, keys) => {
    const bundled = openModel(baseFolder, { cacheDir: scratch });
    const { vocabSize, bosId, eosIds } = bundled.config;
    const json = { model_type: modelType, vocab_size: vocabSize, bos_token_id: bosId, eos_token_id: eosIds };
    const random = randomModel(
      { ...json, ...keys },
      { where: modelType, seed: 3, cacheDir: join(scratch, `${modelType}-cache`) },
    );
    const base: WeightSource = {
      ...{ ...random, path: modelType, sha256: modelType },
      tokenizerFiles: () => ({ ...bundled.tokenizerFiles(), model: random.config }),
    };
    const out = join(scratch, modelType);
    // exportModel compares onnxruntime with the engine: logits, greedy tokens, a padded batch.
    const report = await exportModel({ base, format: "onnx", out, engine: onnxEngine });
    const { greedy } = report.comparison as Comparison;
    expect(greedy.agreed).toBe(greedy.clear);
    if (!installed) return;
    const { layout, parameters } = randomAdapter(base.config);
    const zero = { layout, flat: new Float32Array(parameters.data.length) };
    const prompts = TEXTS.map((text) => Array.from(text, (letter) => letter.charCodeAt(0)));
    const expected = await greedyByTraining(base, zero, prompts, NEW_TOKENS);
    const request = join(scratch, "request.json");
    const conversation = [{ role: "user", content: "Hello" }];
    writeFileSync(request, JSON.stringify({ prompts, maxNewTokens: NEW_TOKENS, conversation }));
    const run = await promisify(execFile)("node", ["run.mjs", out, request], { cwd: consumer });
    const { continuations, batched } = JSON.parse(run.stdout) as Record<string, number[][]>;
    const untilStop = (ids: number[]): number[] => {
      const end = ids.findIndex((id) => eosIds.includes(id));
      return end < 0 ? ids : ids.slice(0, end);
    };
    expect(continuations!.map(untilStop)).toEqual(expected.map(untilStop));
    expect(batched!.map(untilStop)).toEqual(expected.map(untilStop));
  },
);
