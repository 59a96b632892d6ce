import { expect, it } from "vitest";
import type { Engine, HostTensor } from "../../../src/engines/engine.ts";
import { memoryWeights } from "../../../src/engines/memory-weights.ts";
import { ProgramBuilder } from "../../../src/program/builder.ts";
import { trainingPrograms } from "../../../src/train/programs.ts";
import {
  OPTIMIZER,
  randomAdapter,
  randomWeights,
  tinyConfig,
  tinyFeeds,
  updateFeeds,
} from "../../tiny-model.ts";

const vector = (...values: number[]): HostTensor => ({
  shape: [values.length],
  data: Float32Array.from(values),
});
const numbers = (tensor: HostTensor | undefined): number[] => Array.from(tensor!.data as Float32Array);

/** sum <- sum + x, guarded by Σ x²; held <- sum as it was; and a feed and a state value that are outputs as they are. */
function addingProgram() {
  const b = new ProgramBuilder("adding");
  const x = b.input("x", "f32", [2]);
  const sum = b.state("sum", [2]);
  const held = b.state("held", [2]);
  b.next(held, sum);
  b.next(sum, b.node("add", [sum, x], {})[0]!);
  b.guard(b.node("sumSquares", [x], {})[0]!);
  b.output(b.node("scale", [sum], { factor: 2 })[0]!, "double");
  b.output(x);
  b.output(held);
  return b.build();
}

/**
 * @param tensors how many the device holds
 * @param steps after which it must still hold as many
 */
export function describeSession(engine: Engine, tensors: () => number, steps: number): void {
  it("moves its state on when every guard is finite, and frees what it held", async () => {
    const before = tensors();
    const weights = memoryWeights({});
    const session = await engine.open(weights);
    const { run } = await session.compile(addingProgram());
    await session.writeState({ sum: vector(1, 2), held: vector(0, 0) });
    const first = await run({ x: vector(10, 20) });
    expect(first.moved).toBe(true);
    expect(numbers(first.outputs["double"])).toEqual([2, 4]);
    expect(numbers(first.outputs["x"])).toEqual([10, 20]);
    expect(numbers(first.outputs["held"])).toEqual([0, 0]);
    for (const bad of [Number.NaN, Number.POSITIVE_INFINITY, 3e38]) {
      expect((await run({ x: vector(bad, 0) })).moved).toBe(false);
      expect(numbers((await session.readState())["sum"])).toEqual([11, 22]);
    }
    expect((await run({ x: vector(1, 1) })).moved).toBe(true);
    const state = await session.readState();
    expect([numbers(state["sum"]), numbers(state["held"])]).toEqual([
      [12, 23],
      [11, 22],
    ]);
    state["sum"]!.data[0] = 99;
    expect(numbers((await session.readState(["sum"]))["sum"])).toEqual([12, 23]);
    await expect(run({ x: vector(1) })).rejects.toThrow("input x of adding is [1], not [2]");
    await expect(run({})).rejects.toThrow("input x of adding was not fed");
    await session.close();
    weights.dispose();
    expect(tensors()).toBe(before);
  });

  it(`holds the same tensors after ${steps} steps, and says how many bytes they are`, {
    timeout: 120_000,
  }, async () => {
    const config = tinyConfig();
    const { layout, parameters } = randomAdapter(config);
    const { batch, sequence, labelled, count, feeds } = tinyFeeds(config);
    const shape = { batch, sequence, labelled };
    const options = { model: config, layout, shape, optimizer: OPTIMIZER, dropout: 0, recompute: false };
    const weights = memoryWeights(randomWeights(config));
    const session = await engine.open(weights);
    const step = await session.compile(trainingPrograms({ ...options, precision: "float32" }).step);
    const zeros = { shape: parameters.shape, data: new Float32Array(layout.size) };
    await session.writeState({ parameters, moment1: zeros, moment2: zeros });
    const losses: number[] = [];
    const train = async (): Promise<void> => {
      const { outputs } = await step.run({ ...feeds, ...updateFeeds(count, 1e-3, losses.length + 1) });
      losses.push(numbers(outputs["loss_sum"])[0]!);
    };
    await train();
    const [held, memory] = [tensors(), session.memory()];
    for (let i = 1; i < steps; i++) await train();
    expect(losses.at(-1)).toBeLessThan(losses[0]! - 0.1);
    expect(tensors()).toBe(held);
    expect(session.memory()).toEqual(memory);
    expect(memory.liveBytes).toBeGreaterThan(3 * 4 * layout.size);
    expect(memory.peakBytes).toBeGreaterThan(memory.liveBytes);
    expect(step.hostCalls).toMatchObject({ uploads: 10, downloads: 1 });
    await session.close();
    weights.dispose();
  });
}
