import { expect, it } from "vitest";
import type { Engine } from "../../../src/engines/engine.ts";
import { memoryWeights } from "../../../src/engines/memory-weights.ts";
import { onnxEngine } from "../../../src/engines/onnx/onnx.ts";
import { chat } from "../../../src/kinds/chat/chat.ts";
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
import { describeState } from "../state.ts";

/**
 * @param tensors number of tensors on the device
 * @param steps after which the number must be the same
 */
export function describeSession(engine: Engine, tensors: () => number, steps: number): void {
  describeState(engine, tensors);

  it("gives the losses of onnx", async () => {
    const [ours, theirs] = [await openTraining(engine), await openTraining(onnxEngine)];
    for (let i = 0; i < 10; i++) {
      // float32 on both sides, with a different summation order.
      expectClose([await ours.step()], [await theirs.step()], 1e-5, `loss of step ${i + 1}`);
    }
    for (const { close } of [ours, theirs]) await close();
  });

  it(`holds the same number of tensors after ${steps} steps, and reports their bytes`, async () => {
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

/** A tiny model on one batch; each step returns its loss. */
async function openTraining(engine: Engine) {
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
  };
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
