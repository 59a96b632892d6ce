import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeEach, describe, expect, test } from "vitest";
import { cudaEngine } from "../../../src/engines/cuda/cuda.ts";
import type { KernelTime } from "../../../src/engines/engine.ts";
import { memoryWeights } from "../../../src/engines/memory-weights.ts";
import { chat } from "../../../src/kinds/chat/chat.ts";
import { trainingPrograms } from "../../../src/train/programs.ts";
import { distance, expectClose } from "../../expect-close.ts";
import {
  OPTIMIZER,
  randomAdapter,
  randomWeights,
  tinyConfig,
  tinyFeeds,
  updateFeeds,
} from "../../tiny-model.ts";
import { Emulator, library, missing } from "./emulator.ts";
import { setCosts } from "./random-gemm.ts";
import { describeTraining } from "./training.ts";

/** Sizes that are multiples of eight, which cuBLASLt requires. */
const SIZES = { vocab_size: 40, intermediate_size: 32, attention_bias: true };

const emulator = missing === null ? new Emulator() : (undefined as never);
const home = mkdtempSync(join(tmpdir(), "lorafit-cublaslt-"));
process.env["LORAFIT_CUDA_DRIVER"] = library;
process.env["LORAFIT_HOME"] = home;

describe.skipIf(missing !== null)("training with every GEMM by cuBLASLt", () => {
  beforeEach(() => {
    process.env["LORAFIT_CUBLASLT"] = library;
    // Algorithm 2 sums from the last to the first, the order farthest from lorafit's kernels.
    setCosts(emulator, 2, [9, 9, 1]);
  });
  afterEach(() => setCosts(emulator, 0, [0, 0, 0]));
  afterAll(() => rmSync(home, { recursive: true, force: true }));
  const number = (signature: string): number => Number(emulator.driver.emulator(signature)!());

  async function open(onKernel?: (time: KernelTime) => void) {
    const config = tinyConfig(SIZES);
    const { layout, parameters } = randomAdapter(config);
    const { batch, sequence, labelled, count, feeds } = tinyFeeds(config);
    const { step, accumulate } = trainingPrograms({
      ...{ model: config, layout, shape: { batch, sequence, labelled }, kind: chat, optimizer: OPTIMIZER },
      ...{ dropout: 0, recompute: false, precision: "bf16" },
    });
    const memory = memoryWeights(randomWeights(config));
    const session = await cudaEngine.open(memory, onKernel === undefined ? {} : { onKernel });
    const zeros = { shape: parameters.shape, data: new Float32Array(layout.size) };
    const restart = () => session.writeState({ parameters, moment1: zeros, moment2: zeros, gradient: zeros });
    await restart();
    const [executable, gradients] = [await session.compile(step), await session.compile(accumulate)];
    return {
      executable,
      session,
      restart,
      step: async (t: number): Promise<number> => {
        const { outputs } = await executable.run({ ...feeds, ...updateFeeds(count, 1e-2, t) });
        return Number(outputs["loss_sum"]!.data[0]);
      },
      async gradient(): Promise<Float32Array> {
        await gradients.run(feeds);
        return (await session.readState(["gradient"]))["gradient"]!.data as Float32Array;
      },
      async close() {
        await session.close();
        memory.dispose();
      },
    };
  }
  const losses = async ({ step }: Awaited<ReturnType<typeof open>>): Promise<number[]> => {
    const made: number[] = [];
    for (let t = 1; t <= 5; t++) made.push(await step(t));
    return made;
  };

  describe("against the reference", () => describeTraining(cudaEngine, { sizes: SIZES }));

  test("follows lorafit's kernels, and repeats to the bit, also captured and in another session", async () => {
    const before = number("uint64_t emuCublasLtAlive()");
    const theirs = await open();
    const first = await losses(theirs);
    const by = Object.values(theirs.executable.products!);
    expect(by.length).toBeGreaterThan(10);
    expect(new Set(by)).toEqual(new Set(["cublasLt"]));
    const state = await theirs.session.readState();
    // The first run of all was kernel by kernel; these are all launches of the graph.
    await theirs.restart();
    expect(await losses(theirs)).toEqual(first);
    expect(await theirs.session.readState()).toEqual(state);

    process.env["LORAFIT_CUBLASLT"] = "off";
    const ours = await open();
    const without = await losses(ours);
    expect(Object.values(ours.executable.products!).filter((each) => !each.startsWith("gemm_"))).toEqual([]);
    await Promise.all([ours, theirs].map(({ restart }) => restart()));
    const apart = distance(await theirs.gradient(), await ours.gradient());
    // Another order of adding changes the last bits of float32, and now and then which bf16 number is the nearest: one turned
    // rounding moves a gradient by 1e-4 of its size or less. Here none is seen to turn.
    expect(apart).toBeLessThan(1e-3);
    for (const [t, loss] of without.entries()) expectClose([first[t]!], [loss], 1e-3, `step ${t + 1}`);
    await ours.close();
    await theirs.close();
    expect(number("uint64_t emuCublasLtAlive()")).toBe(before);

    process.env["LORAFIT_CUBLASLT"] = library;
    setCosts(emulator, 1, [9, 9, 9]);
    const later = await open();
    expect(await losses(later)).toEqual(first);
    await later.close();
  });

  test("is named in profiles, and its workspace is counted and freed", async () => {
    const held = (): number => {
      const [free, total]: unknown[][] = [[null], [null]];
      emulator.driver.call("cuMemGetInfo", free, total);
      return Number(total![0]) - Number(free![0]);
    };
    const [before, times] = [held(), new Map<string, number>()];
    const run = await open(({ kernel, op, ms }) => {
      if (kernel === "cublasLt") times.set(op, (times.get(op) ?? 0) + ms);
    });
    expect(run.session.memory().liveBytes).toBeGreaterThan(32 * 2 ** 20);
    expect(held() - before).toBe(run.session.memory().liveBytes);
    await run.step(1);
    await run.step(2);
    // One millisecond each on the emulated device: two layers of four and three projections in two products each way.
    expect([...times.keys()].sort()).toEqual(["linearCrossEntropy", "loraLinear", "loraLinearGrad"]);
    expect(times.get("linearCrossEntropy")).toBe(2);
    await run.close();
    expect(held()).toBe(before);
  });
});
