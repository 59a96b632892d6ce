import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { memoryWeights } from "../../src/engines/memory-weights.ts";
import { referenceEngine } from "../../src/engines/reference/reference.ts";
import { prefill } from "../../src/export/batch.ts";
import { openDecoder } from "../../src/export/decoder.ts";
import { factorInputs } from "../../src/export/factor-inputs.ts";
import { baseGraph, writeGraph } from "../../src/export/graph.ts";
import { mergedWeights } from "../../src/export/merge.ts";
import { rowLogits } from "../../src/export/score.ts";
import { readOnnx } from "../../src/formats/onnx.ts";
import { logitsProgram } from "../../src/train/programs.ts";
import { expectClose } from "../expect-close.ts";
import { randomAdapter, randomWeights, TINY_LORA, tinyConfig } from "../tiny-model.ts";

const scratch = mkdtempSync(join(tmpdir(), "lorafit-graph-"));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

const MODELS = {
  "tied, grouped heads": {},
  "untied, biases, wide heads": {
    tie_word_embeddings: false,
    attention_bias: true,
    mlp_bias: true,
    head_dim: 10,
  },
  "one key head, linear rope scaling": {
    num_key_value_heads: 1,
    rope_scaling: { type: "linear", factor: 2 },
  },
  "llama3 rope scaling": {
    rope_theta: 50,
    rope_scaling: {
      rope_type: "llama3",
      factor: 8,
      low_freq_factor: 1,
      high_freq_factor: 4,
      original_max_position_embeddings: 32,
    },
  },
  "Granite's multipliers": {
    model_type: "granite",
    embedding_multiplier: 3,
    attention_multiplier: 0.3,
    residual_multiplier: 0.5,
    logits_scaling: 2,
  },
  "LFM2, a filter of four": { model_type: "lfm2", conv_L_cache: 4 },
  "GPT-2": { model_type: "gpt2", scale_attn_by_inverse_layer_idx: true },
  "a layer without positions": { model_type: "smollm3", no_rope_layers: [0, 1] },
  "Mistral, a window of four": { model_type: "mistral", sliding_window: 4 },
  "Qwen3, a window in the second layer": {
    ...{ model_type: "qwen3", head_dim: 10, attention_bias: true, tie_word_embeddings: false },
    ...{ use_sliding_window: true, sliding_window: 3, max_window_layers: 1 },
  },
  "Gemma 3, a sliding layer and a full one": {
    ...{ model_type: "gemma3_text", head_dim: 10, sliding_window: 4, sliding_window_pattern: 2 },
    ...{ query_pre_attn_scalar: 20, rope_scaling: { rope_type: "linear", factor: 8 } },
  },
};
const ROWS = [
  [3, 14, 15, 9, 26, 5, 35, 8, 9, 7],
  [2, 7, 18],
  [30, 1, 4, 1, 5, 9],
];

it("declares the inputs and outputs of transformers.js and onnxruntime-genai, in standard operators", () => {
  const config = tinyConfig();
  const path = join(scratch, "surface.onnx");
  const graph = baseGraph(config, randomAdapter(config).layout);
  writeGraph(path, graph, memoryWeights(randomWeights(config)));
  const { irVersion, opsets, inputs, outputs } = readOnnx(readFileSync(path), path);
  expect([irVersion, [...opsets]]).toEqual([8, [["", 17]]]);
  const shapes = Object.fromEntries([...inputs, ...outputs].map(({ name, shape }) => [name, shape]));
  const [B, S, past, total] = [
    "batch_size",
    "sequence_length",
    "past_sequence_length",
    "total_sequence_length",
  ];
  expect(shapes).toMatchObject({
    input_ids: [B, S],
    position_ids: [B, S],
    attention_mask: [B, total],
    logits: [B, S, 37],
  });
  for (let layer = 0; layer < 2; layer++) {
    for (const kind of ["key", "value"]) {
      expect(shapes[`past_key_values.${layer}.${kind}`]).toEqual([B, 2, past, 6]);
      expect(shapes[`present.${layer}.${kind}`]).toEqual([B, 2, total, 6]);
    }
  }
  const factors = inputs.map(({ name }) => name).filter((name) => name.includes("lora"));
  expect(factors.length).toBe(2 * 2 * 7);
  expect(shapes["model.layers.1.mlp.down_proj.lora_A.weight"]![1]).toBe(28);
  expect(shapes["model.layers.1.mlp.down_proj.lora_B.weight"]![0]).toBe(24);
  expect(inputs.length).toBe(3 + 4 + factors.length);
});

describe.each(Object.entries(MODELS))("%s", (name, changes) => {
  const config = tinyConfig(changes);
  const weights = memoryWeights(randomWeights(config));
  const lora = { ...TINY_LORA, rsLora: true, rankPattern: { v_proj: 1, "layers.1.mlp.up_proj": 5 } };
  const { layout, parameters } = randomAdapter(config, lora);
  const adapter = { layout, flat: Float32Array.from(parameters.data as Float32Array) };
  const V = config.vocabSize;

  /** Each row by itself, in float64, with the adapter unmerged. */
  async function trainedLogits(row: readonly number[]): Promise<ArrayLike<number>> {
    const session = await referenceEngine.open(weights);
    await session.writeState({ parameters });
    const run = await session.compile(logitsProgram(config, layout, 1, row.length));
    const grid = (of: (t: number) => number) => ({
      shape: [1, row.length],
      data: BigInt64Array.from(row, (_, t) => BigInt(of(t))),
    });
    const feeds = { input_ids: grid((t) => row[t]!), positions: grid((t) => t), segments: grid(() => 1) };
    const { outputs } = await run.run(feeds);
    await session.close();
    return outputs["logits"]!.data as Float64Array;
  }

  it("merged, and with factors as inputs: a left-padded batch and single steps give the trained logits", async () => {
    const merged = join(scratch, `${name}.merged.onnx`);
    const swap = join(scratch, `${name}.swap.onnx`);
    writeGraph(merged, baseGraph(config, null), mergedWeights(weights, adapter));
    writeGraph(swap, baseGraph(config, layout), weights);
    const expected = await Promise.all(ROWS.map(trainedLogits));
    const decoders = [
      await openDecoder(merged, config),
      await openDecoder(swap, config, { factors: factorInputs(adapter) }),
    ];
    for (const decoder of decoders) {
      for (const [r, logits] of (await rowLogits(decoder, ROWS)).entries())
        expectClose(logits, expected[r]!, 1e-5);
      // The first two tokens of each row at once, without padding; then one by one, dropping rows that have ended.
      const batch = await prefill(
        decoder,
        ROWS.map((row) => row.slice(0, 2)),
        () => {},
      );
      let open = [0, 1, 2];
      for (let t = 2; t < 10; t++) {
        const left = open.filter((r) => t < ROWS[r]!.length);
        if (left.length < open.length) batch.keep(left.map((r) => open.indexOf(r)));
        open = left;
        const logits = await batch.extend(
          BigInt64Array.from(open, (r) => BigInt(ROWS[r]![t]!)),
          1,
        );
        for (const [b, r] of open.entries()) {
          const step = Array.from({ length: V }, (_, i) => expected[r]![t * V + i]!);
          expectClose(logits.subarray(b * V, (b + 1) * V), step, 1e-5, `row ${r}, step ${t}`);
        }
      }
      await decoder.session.release();
    }
  });

  it("with rank 0, the swap graph is the base exactly", async () => {
    const plain = join(scratch, `${name}.base.onnx`);
    const swap = join(scratch, `${name}.rank0.onnx`);
    writeGraph(plain, baseGraph(config, null), weights);
    writeGraph(swap, baseGraph(config, layout), weights);
    const [base, rank0] = [await openDecoder(plain, config), await openDecoder(swap, config)];
    expect(await rowLogits(rank0, ROWS)).toEqual(await rowLogits(base, ROWS));
    await Promise.all([base.session.release(), rank0.session.release()]);
  });
});
