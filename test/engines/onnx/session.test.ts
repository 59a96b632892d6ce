import { afterAll, describe, expect, it } from "vitest";
import { memoryWeights } from "../../../src/engines/memory-weights.ts";
import { createOnnxEngine, onnxEngine } from "../../../src/engines/onnx/onnx.ts";
import { chat } from "../../../src/kinds/chat/chat.ts";
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
import { describeState, numbers, vector } from "../state.ts";

/** state <- state + x, guarded by Σ x². */
function addingProgram() {
  const b = new ProgramBuilder("adding");
  const x = b.input("x", "f32", [2]);
  const sum = b.state("sum", [2]);
  b.next(sum, b.node("add", { a: sum, b: x }, {}).y);
  b.guard(b.node("sumSquares", { x }, {}).sum);
  b.output(b.node("scale", { x: sum }, { factor: 2 }).y, "double");
  return b.build();
}

const weights = memoryWeights({});
afterAll(() => weights.dispose());

describe("state of an onnx session", () => {
  describeState(onnxEngine, () => 0);

  it("is committed when every guard is finite, and unchanged otherwise", async () => {
    const session = await onnxEngine.open(weights, { threads: 1 });
    const run = (await session.compile(addingProgram())).run;
    await session.writeState({ sum: vector(1, 2) });
    const first = await run({ x: vector(10, 20) });
    expect(first.committed).toBe(true);
    expect(numbers(first.outputs["double"])).toEqual([2, 4]);
    for (const bad of [Number.NaN, Number.POSITIVE_INFINITY, 3e38]) {
      expect((await run({ x: vector(bad, 0) })).committed).toBe(false);
      expect(numbers((await session.readState())["sum"])).toEqual([11, 22]);
    }
    expect((await run({ x: vector(1, 1) })).committed).toBe(true);
    expect(numbers((await session.readState(["sum"]))["sum"])).toEqual([12, 23]);
    await session.close();
  });

  it("is copied by readState and writeState", async () => {
    const session = await onnxEngine.open(weights, { threads: 1 });
    const given = vector(1, 2);
    await session.writeState({ sum: given });
    given.data[0] = 9;
    const read = (await session.readState())["sum"]!;
    read.data[1] = 9;
    expect(numbers((await session.readState())["sum"])).toEqual([1, 2]);
    expect(session.memory().liveBytes).toBe(16);
    await session.close();
  });

  it("names feeds that are missing or have another shape", async () => {
    const session = await onnxEngine.open(weights, { threads: 1 });
    const { run } = await session.compile(addingProgram());
    await expect(run({ x: vector(1, 1) })).rejects.toThrow("state sum was never written");
    await session.writeState({ sum: vector(1, 2) });
    await expect(run({})).rejects.toThrow("input x of adding was not fed");
    await expect(run({ x: vector(1, 1, 1) })).rejects.toThrow("input x of adding is [3], not [2]");
    await session.close();
  });

  it("compiles a Program once, and again after dispose", async () => {
    const session = await onnxEngine.open(weights, { threads: 1 });
    const program = addingProgram();
    const executable = await session.compile(program);
    expect(await session.compile(program)).toBe(executable);
    await executable.dispose();
    await executable.dispose();
    expect(await session.compile(program)).not.toBe(executable);
    await session.close();
  });

  it("reports that memory ran out", async () => {
    const session = await onnxEngine.open(weights, { threads: 1 });
    const b = new ProgramBuilder("huge");
    const column = b.input("column", "f32", [2 ** 21, 1]);
    b.output(b.node("linear", { x: column, weight: column }, {}).y);
    const { run } = await session.compile(b.build());
    const feed = { shape: [2 ** 21, 1], data: new Float32Array(2 ** 21) };
    await expect(run({ column: feed })).rejects.toMatchObject({
      kind: "environment",
      message: "onnx engine: huge needs more memory than there is",
    });
    await session.close();
  });

  it("can run here", async () => {
    expect(await onnxEngine.probe()).toBe(null);
  });
});

describe("three steps of a tiny model", () => {
  const config = tinyConfig();
  const { layout, parameters } = randomAdapter(config);
  const { batch, sequence, labelled, count, feeds } = tinyFeeds(config);
  const shape = { batch, sequence, labelled };
  const options = {
    model: config,
    layout,
    shape,
    kind: chat,
    optimizer: OPTIMIZER,
    dropout: 0,
    recompute: false,
    precision: "float32",
  } as const;

  async function train(prepack: boolean): Promise<Float32Array> {
    const source = memoryWeights(randomWeights(config));
    const session = await createOnnxEngine({ prepack }).open(source, { threads: 2 });
    const zeros = { shape: [layout.size], data: new Float32Array(layout.size) };
    await session.writeState({ parameters, moment1: zeros, moment2: zeros });
    const step = await session.compile(trainingPrograms(options).step);
    for (const t of [1, 2, 3]) await step.run({ ...feeds, ...updateFeeds(count, 1e-2, t) });
    const after = (await session.readState(["parameters"]))["parameters"]!.data as Float32Array;
    await session.close();
    source.dispose();
    return after;
  }

  it("give the same bits every time", async () => {
    expect(await train(false)).toEqual(await train(false));
  });

  it("give the same result with prepacked weights", async () => {
    const [packed, plain] = [await train(true), await train(false)];
    const far = packed.reduce((worst, value, i) => Math.max(worst, Math.abs(value - plain[i]!)), 0);
    expect(far).toBeLessThan(1e-5);
  });
});
