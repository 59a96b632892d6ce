import { describe, expect, it } from "vitest";
import type { HostTensor } from "../../../src/engines/engine.ts";
import { memoryWeights } from "../../../src/engines/memory-weights.ts";
import { lowerProgram } from "../../../src/engines/onnx/lower.ts";
import { createOnnxEngine } from "../../../src/engines/onnx/onnx.ts";
import { chat } from "../../../src/kinds/chat/chat.ts";
import type { Program } from "../../../src/program/program.ts";
import { type TrainingPrograms, trainingPrograms } from "../../../src/train/programs.ts";
import {
  OPTIMIZER,
  randomAdapter,
  randomWeights,
  TINY_LORA,
  tinyConfig,
  updateFeeds,
} from "../../tiny-model.ts";

const config = tinyConfig({
  vocab_size: 512,
  hidden_size: 256,
  intermediate_size: 704,
  num_hidden_layers: 6,
  num_attention_heads: 8,
  num_key_value_heads: 4,
  max_position_embeddings: 256,
});
const [B, S] = [4, 256];
const { layout, parameters } = randomAdapter(config, { ...TINY_LORA, targets: "attention", rank: 8 });

const programs = (recompute: boolean): TrainingPrograms =>
  trainingPrograms({
    model: config,
    layout,
    shape: { batch: B, sequence: S, labelled: 64 },
    kind: chat,
    optimizer: OPTIMIZER,
    dropout: 0,
    recompute,
    precision: "float32",
  });

const graphOf = (program: Program) => {
  const external = { location: "w", offset: 0, length: 4 };
  return lowerProgram(program, { profile: "ort", weight: () => ({ external }) });
};

describe.each([false, true])("the graph of a step, recomputed: %s", (recompute) => {
  const { nodes, outputs } = graphOf(programs(recompute).step);

  it("has no unread node, and no node before its inputs", () => {
    const read = new Set([...nodes.flatMap(({ inputs }) => inputs), ...outputs.map(({ name }) => name)]);
    expect(nodes.filter((node) => !node.outputs.some((name) => read.has(name)))).toEqual([]);
    const made = new Map(nodes.flatMap((node, i) => node.outputs.map((name) => [name, i] as const)));
    for (const [i, node] of nodes.entries())
      for (const name of node.inputs) expect(made.get(name) ?? -1).toBeLessThan(i);
  });

  it("applies the A's of q, k and v as one matrix", () => {
    const stacked = nodes.filter(({ op, inputs }) => op === "Split" && inputs[1] === "/ints/8,8,8");
    // LoRA hidden of the forward pass and of its recomputation, and dA of the three.
    expect(stacked.length).toBe((recompute ? 12 : 6) + 6);
  });

  it("fuses every addition that a product can do", () => {
    const adds = nodes.filter(({ op }) => op === "Add").length;
    const masks = (recompute ? 12 : 6) * (S / 128);
    const slopesOfSilu = 6;
    const gradientsAroundNorms = 11;
    const clipAndAdamW = 4;
    expect(adds).toBe(masks + slopesOfSilu + gradientsAroundNorms + clipAndAdamW);
  });
});

describe("peak memory", () => {
  /** Peak resident memory of the process so far. It only grows, so the variant that needs less runs first. */
  async function peakAfterTwoSteps(recompute: boolean): Promise<number> {
    const weights = memoryWeights(randomWeights(config));
    const session = await createOnnxEngine({ prepack: false }).open(weights, { threads: 1 });
    const zeros = { shape: [layout.size], data: new Float32Array(layout.size) };
    await session.writeState({ parameters, moment1: zeros, moment2: zeros });
    const grid = (of: (i: number) => number): HostTensor => ({
      shape: [B, S],
      data: BigInt64Array.from({ length: B * S }, (_, i) => BigInt(of(i))),
    });
    const labels = (of: (i: number) => number): HostTensor => ({
      shape: [64],
      data: BigInt64Array.from({ length: 64 }, (_, i) => BigInt(of(i))),
    });
    const feeds = {
      input_ids: grid((i) => (i * 31) % config.vocabSize),
      positions: grid((i) => i % S),
      segments: grid(() => 1),
      labelled: labels((i) => i * 3),
      targets: labels((i) => i * 5),
      loss_weights: { shape: [64], data: new Float32Array(64).fill(1) },
    };
    const { run } = await session.compile(programs(recompute).step);
    for (const t of [1, 2])
      expect((await run({ ...feeds, ...updateFeeds(64, 1e-3, t) })).committed).toBe(true);
    const { peakBytes } = session.memory();
    await session.close();
    weights.dispose();
    return peakBytes;
  }

  it("is lower with recomputation", async () => {
    const recomputed = await peakAfterTwoSteps(true);
    const kept = await peakAfterTwoSteps(false);
    // Six layers keep 8 MB of probabilities and 10 MB of activations each; with recomputation one layer's are live at a time.
    expect(kept - recomputed).toBeGreaterThan(40e6);
  }, 60_000);
});
