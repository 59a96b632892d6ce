import { expect, it } from "vitest";
import type { Engine, HostTensor } from "../../../src/engines/engine.ts";
import { memoryWeights } from "../../../src/engines/memory-weights.ts";
import { onnxEngine } from "../../../src/engines/onnx/onnx.ts";
import { ProgramBuilder } from "../../../src/program/builder.ts";
import { trainingPrograms } from "../../../src/train/programs.ts";
import { expectClose } from "../../expect-close.ts";
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

  it("follows onnx's losses", async () => {
    const [ours, theirs] = [await openTraining(engine), await openTraining(onnxEngine)];
    for (let i = 0; i < 10; i++) {
      // float32 on both sides, summed in another order.
      expectClose([await ours.step()], [await theirs.step()], 1e-5, `loss of step ${i + 1}`);
    }
    for (const { close } of [ours, theirs]) await close();
  });

  it(`holds the same tensors after ${steps} steps, and says how many bytes they are`, async () => {
    const { session, executable, step, close, parameters } = await openTraining(engine);
    const first = await step();
    const [held, memory] = [tensors(), session.memory()];
    let last = first;
    for (let i = 1; i < steps; i++) last = await step();
    expect(last).toBeLessThan(first - 0.1);
    expect(tensors()).toBe(held);
    expect(session.memory()).toEqual(memory);
    expect(memory.liveBytes).toBeGreaterThan(3 * 4 * parameters);
    expect(memory.peakBytes).toBeGreaterThan(memory.liveBytes);
    expect(executable.hostCalls).toMatchObject({ uploads: 10, downloads: 1 });
    await close();
  });
}

/** A tiny model on one batch; each step gives its loss. */
async function openTraining(engine: Engine) {
  const config = tinyConfig();
  const { layout, parameters } = randomAdapter(config);
  const { batch, sequence, labelled, count, feeds } = tinyFeeds(config);
  const shape = { batch, sequence, labelled };
  const options = { model: config, layout, shape, optimizer: OPTIMIZER, dropout: 0, recompute: false };
  const weights = memoryWeights(randomWeights(config));
  const session = await engine.open(weights);
  const executable = await session.compile(trainingPrograms({ ...options, precision: "float32" }).step);
  const zeros = { shape: parameters.shape, data: new Float32Array(layout.size) };
  await session.writeState({ parameters, moment1: zeros, moment2: zeros });
  let t = 0;
  return {
    session,
    executable,
    parameters: layout.size,
    async step(): Promise<number> {
      t++;
      const { outputs } = await executable.run({ ...feeds, ...updateFeeds(count, 1e-2, t) });
      return Number(outputs["loss_sum"]!.data[0]);
    },
    async close(): Promise<void> {
      await session.close();
      weights.dispose();
    },
  };
}
