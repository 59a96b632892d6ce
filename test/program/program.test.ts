import { describe, expect, it } from "vitest";
import { memoryWeights } from "../../src/engines/memory-weights.ts";
import { referenceEngine } from "../../src/engines/reference/reference.ts";
import { chat } from "../../src/kinds/chat/chat.ts";
import { costOf } from "../../src/program/cost.ts";
import { bytesOf, lastUses, memoryPlan } from "../../src/program/liveness.ts";
import { printProgram } from "../../src/program/print.ts";
import { outputsOf, type Program } from "../../src/program/program.ts";
import { logitsProgram, trainingPrograms } from "../../src/train/programs.ts";
import { expectClose } from "../expect-close.ts";
import {
  OPTIMIZER,
  randomAdapter,
  randomWeights,
  TINY_LORA,
  tinyConfig,
  tinyFeeds,
  updateFeeds,
} from "../tiny-model.ts";

const model = tinyConfig();
const { layout, parameters } = randomAdapter(model);
const { batch, sequence, labelled, count, feeds } = tinyFeeds(model);
const programs = (recompute: boolean) =>
  trainingPrograms({
    model,
    layout,
    shape: { batch, sequence, labelled },
    kind: chat,
    optimizer: OPTIMIZER,
    dropout: 0,
    recompute,
    precision: "float32",
  });
const zeros = (): { shape: number[]; data: Float64Array } => ({
  shape: [layout.size],
  data: new Float64Array(layout.size),
});

async function gradientOf(
  program: Program,
  weights = randomWeights(model),
  start = parameters.data as ArrayLike<number>,
) {
  const session = await referenceEngine.open(memoryWeights(weights));
  await session.writeState({
    parameters: { shape: [layout.size], data: Float64Array.from(start) },
    gradient: zeros(),
  });
  const { outputs } = await (await session.compile(program)).run(feeds);
  const state = await session.readState(["gradient"]);
  return { loss: outputs["loss_sum"]!.data[0] as number, gradient: state["gradient"]!.data as Float64Array };
}

describe("differentiate", () => {
  it("agrees with central differences of the whole model's loss in every 7th parameter", async () => {
    const { gradient } = await gradientOf(programs(false).accumulate);
    const evaluate = async (start: Float64Array): Promise<number> =>
      await lossOf(programs(false).evaluate, start);
    const base = Float64Array.from(parameters.data as Float32Array);
    const [numeric, analytic]: [number[], number[]] = [[], []];
    for (let i = 0; i < base.length; i += 7) {
      const [up, down] = [base.slice(), base.slice()];
      up[i]! += 1e-4;
      down[i]! -= 1e-4;
      numeric.push(((await evaluate(up)) - (await evaluate(down))) / 2e-4);
      analytic.push(gradient[i]!);
    }
    // Truncation of order 1e-8 times third derivatives of order 10.
    expectClose(analytic, numeric, 1e-6);
  });

  it("makes no gradient for frozen weights and none below the first adapter", () => {
    const { accumulate } = programs(false);
    const ops = accumulate.nodes.map((node) => node.op);
    expect(ops.filter((op) => op === "loraLinearGrad")).toHaveLength(14);
    const first = accumulate.nodes.filter(
      (node) => node.op === "loraLinearGrad" && node.scope === "layers.0.backward",
    );
    expect(first.filter((node) => !(node.attrs as { needsInput: boolean }).needsInput)).toHaveLength(3);
  });
});

async function lossOf(program: Program, start: Float64Array): Promise<number> {
  const session = await referenceEngine.open(memoryWeights(randomWeights(model)));
  await session.writeState({ parameters: { shape: [layout.size], data: start } });
  const { outputs } = await (await session.compile(program)).run(feeds);
  return outputs["loss_sum"]!.data[0] as number;
}

describe("recompute", () => {
  it("does not change the loss or the gradient", async () => {
    const [kept, again] = [
      await gradientOf(programs(false).accumulate),
      await gradientOf(programs(true).accumulate),
    ];
    expect(again.loss).toBe(kept.loss);
    expect(again.gradient).toEqual(kept.gradient);
  });

  it("lowers the peak, and every copy runs after the gradient that enters its block", () => {
    expect(memoryPlan(programs(true).accumulate).peakBytes).toBeLessThan(
      memoryPlan(programs(false).accumulate).peakBytes,
    );
    const { nodes } = programs(true).accumulate;
    const made = new Map(nodes.flatMap((node, i) => outputsOf(node).map((id) => [id, i] as const)));
    const tied = nodes.filter((node) => node.after !== undefined);
    expect(tied.length).toBeGreaterThan(0);
    for (const node of tied) expect(made.get(node.after!)!).toBeLessThan(nodes.indexOf(node));
  });
});

describe("accumulation", () => {
  it("of two micro-batches with unequal counts gives the gradient of one batch", async () => {
    const whole = await stepState([feeds], true);
    const part = (row: number) => {
      const rows = row === 0 ? [0, 1, 2, 3, 4] : [5, 6, 7];
      const pick = (name: string) => ({
        shape: [1, 8],
        data: (feeds[name]!.data as BigInt64Array).slice(row * 8, row * 8 + 8),
      });
      const targets = feeds["targets"]!.data as BigInt64Array;
      const places = feeds["labelled"]!.data as BigInt64Array;
      const pad = (values: bigint[]) => BigInt64Array.from([...values, ...Array(5 - values.length).fill(0n)]);
      return {
        input_ids: pick("input_ids"),
        positions: pick("positions"),
        segments: pick("segments"),
        labelled: { shape: [5], data: pad(rows.map((r) => places[r]! - BigInt(row * 8))) },
        targets: { shape: [5], data: pad(rows.map((r) => targets[r]!)) },
        loss_weights: {
          shape: [5],
          data: Float32Array.from([0, 1, 2, 3, 4], (i) => (i < rows.length ? 1 : 0)),
        },
      };
    };
    const parts = await stepState([part(0), part(1)], false);
    // Only the order of float64 sums differs.
    expectClose(parts, whole, 1e-13);
  });
});

async function stepState(batches: readonly (typeof feeds)[], single: boolean): Promise<Float64Array> {
  const session = await referenceEngine.open(memoryWeights(randomWeights(model)));
  await session.writeState({ parameters, moment1: zeros(), moment2: zeros(), gradient: zeros() });
  const shape = single ? { batch, sequence, labelled } : { batch: 1, sequence, labelled: 5 };
  const all = trainingPrograms({
    model,
    layout,
    shape,
    kind: chat,
    optimizer: OPTIMIZER,
    dropout: 0,
    recompute: false,
    precision: "float32",
  });
  if (single) await (await session.compile(all.step)).run({ ...batches[0]!, ...updateFeeds(count) });
  else {
    const accumulate = await session.compile(all.accumulate);
    for (const one of batches) await accumulate.run(one);
    await (await session.compile(all.update)).run(updateFeeds(count));
    expect((await session.readState(["gradient"]))["gradient"]!.data.every((g) => g === 0)).toBe(true);
  }
  return (await session.readState(["parameters"]))["parameters"]!.data as Float64Array;
}

describe("state", () => {
  it("is not committed when the loss is not finite", async () => {
    const weights = randomWeights(model);
    const broken = {
      ...weights,
      "model.norm.weight": { shape: [24], data: new Float32Array(24).fill(Number.NaN) },
    };
    const { gradient } = await gradientOf(programs(false).accumulate, broken);
    expect(gradient.every((g) => g === 0)).toBe(true);
  });
});

describe("memoryPlan", () => {
  it("never places two live values on overlapping bytes", () => {
    const program = programs(true).step;
    const { offsets, arenaBytes, peakBytes } = memoryPlan(program);
    const uses = lastUses(program);
    const lives = program.nodes.flatMap((node, from) =>
      outputsOf(node).map((id) => ({
        from,
        to: uses.get(id)!,
        at: offsets.get(id)!,
        end: offsets.get(id)! + bytesOf(program.values[id]!),
      })),
    );
    for (const [i, a] of lives.entries()) {
      for (const b of lives.slice(i + 1)) {
        if (a.from <= b.to && b.from <= a.to) expect(a.end <= b.at || b.end <= a.at).toBe(true);
      }
    }
    expect(arenaBytes).toBeGreaterThanOrEqual(peakBytes);
    expect(arenaBytes).toBeLessThan(1.3 * peakBytes);
  });
});

describe("costOf", () => {
  it("counts the products of a forward pass: 2 T parameters, attention and the low-rank part", () => {
    const T = 16;
    const linears = 2 * (24 * 24 * 2 + 2 * 12 * 24 + 3 * 28 * 24) + 37 * 24;
    const low = layout.modules.reduce((sum, { shape }) => sum + 3 * (shape[0] + shape[1]), 0);
    const attention = (2 * (4 * 2 * 8 * 8 * 24)) / 2;
    expect(costOf(logitsProgram(model, layout, 2, 8)).flops).toBe(2 * T * (linears + low) + attention);
  });
});

describe("printProgram", () => {
  it("prints one node per line with names, types, attributes and scopes", () => {
    const text = printProgram(programs(true).step);
    expect(text).toContain("state parameters: f32[");
    expect(text).toContain("# layers.1.backward");
    expect(text).toMatch(/model\.layers\.0\.self_attn\.q_proj: f32\[2,8,24\].* = loraLinear\(/);
    expect(text).toMatch(/rmsNorm\(.*\) \{eps: 0\.00001\} after /);
    expect(text.split("\n").length).toBeGreaterThan(programs(true).step.nodes.length);
    expect(TINY_LORA.rank).toBe(layout.modules[0]!.rank);
  });
});
