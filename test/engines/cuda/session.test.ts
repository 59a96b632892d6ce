import { describe, expect, test } from "vitest";
import { cudaEngine } from "../../../src/engines/cuda/cuda.ts";
import { memoryWeights } from "../../../src/engines/memory-weights.ts";
import { chat } from "../../../src/kinds/chat/chat.ts";
import { trainingPrograms } from "../../../src/train/programs.ts";
import {
  OPTIMIZER,
  randomAdapter,
  randomWeights,
  tinyConfig,
  tinyFeeds,
  updateFeeds,
} from "../../tiny-model.ts";
import { describeState } from "../state.ts";
import { Emulator, library, missing } from "./emulator.ts";

const emulator = missing === null ? new Emulator() : undefined;
process.env["LORAFIT_CUDA_DRIVER"] = library;

/** Bytes allocated on the device. */
function held(): number {
  const [free, total]: unknown[][] = [[null], [null]];
  emulator!.driver.call("cuMemGetInfo", free, total);
  return Number(total![0]) - Number(free![0]);
}

async function openTraining() {
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
  const programs = trainingPrograms({ ...options, precision: "bf16" });
  const memory = memoryWeights(randomWeights(config));
  const session = await cudaEngine.open(memory);
  const zeros = { shape: parameters.shape, data: new Float32Array(layout.size) };
  await session.writeState({ parameters, moment1: zeros, moment2: zeros });
  const executable = await session.compile(programs.step);
  return {
    session,
    programs,
    feeds,
    executable,
    step: (t: number) => executable.run({ ...feeds, ...updateFeeds(count, 1e-2, t) }),
    async close() {
      await session.close();
      memory.dispose();
    },
  };
}

describe.skipIf(missing !== null)("a session on the emulator", () => {
  describeState(cudaEngine, held);

  test("keeps its memory constant over thirty steps, reports it, and frees it", async () => {
    const before = held();
    const { session, step, close, executable } = await openTraining();
    const first = await step(1);
    const memory = session.memory();
    expect(held() - before).toBe(memory.liveBytes);
    let last = first;
    for (let t = 2; t <= 30; t++) last = await step(t);
    expect(Number(last.outputs["loss_sum"]!.data[0])).toBeLessThan(
      Number(first.outputs["loss_sum"]!.data[0]),
    );
    expect(session.memory()).toEqual(memory);
    // A run is one upload, one launch and one download.
    expect(executable.hostCalls).toMatchObject({ uploads: 1, downloads: 1 });
    await close();
    expect(held()).toBe(before);
  });

  test("steps requested at once give the same results as steps in sequence", async () => {
    const [apart, together] = [await openTraining(), await openTraining()];
    const expected = [];
    for (let t = 1; t <= 5; t++) expected.push(await apart.step(t));
    expect(await Promise.all([1, 2, 3, 4, 5].map((t) => together.step(t)))).toEqual(expected);
    expect(await together.session.readState()).toEqual(await apart.session.readState());
    for (const { close } of [apart, together]) await close();
  });

  test("a larger Program in between and reallocated state change no result", async () => {
    const [plain, disturbed] = [await openTraining(), await openTraining()];
    for (let t = 1; t <= 3; t++) await plain.step(t);
    for (let t = 1; t <= 3; t++) {
      await disturbed.step(t);
      const evaluate = await disturbed.session.compile(disturbed.programs.evaluate);
      expect((await evaluate.run(disturbed.feeds)).committed).toBe(true);
      const state = await disturbed.session.readState();
      await disturbed.session.writeState({ parameters: { shape: [1], data: Float32Array.of(0) } });
      await disturbed.session.writeState(state);
      if (t === 2) await evaluate.dispose();
    }
    expect(await disturbed.session.readState()).toEqual(await plain.session.readState());
    for (const { close } of [plain, disturbed]) await close();
  });
});
