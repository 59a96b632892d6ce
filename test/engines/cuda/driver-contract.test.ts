import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { describe, expect, test } from "vitest";
import { cudaEngine, cudaVersion } from "../../../src/engines/cuda/cuda.ts";
import { Driver, type DriverCall } from "../../../src/engines/cuda/driver/driver.ts";
import { Gpu } from "../../../src/engines/cuda/driver/gpu.ts";
import { launch } from "../../../src/engines/cuda/driver/launch.ts";
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
import { library, missing } from "./emulator.ts";

process.env["LORAFIT_CUDA_DRIVER"] = library;

/** A session with a tiny training step. */
async function openTraining() {
  const config = tinyConfig();
  const { layout, parameters } = randomAdapter(config);
  const { batch, sequence, labelled, count, feeds } = tinyFeeds(config);
  const { step: program } = trainingPrograms({
    ...{ model: config, layout, shape: { batch, sequence, labelled }, kind: chat, optimizer: OPTIMIZER },
    ...{ dropout: 0, recompute: false, precision: "bf16" },
  });
  const memory = memoryWeights(randomWeights(config));
  const session = await cudaEngine.open(memory);
  const zeros = { shape: parameters.shape, data: new Float32Array(layout.size) };
  await session.writeState({ parameters, moment1: zeros, moment2: zeros });
  const executable = await session.compile(program);
  const close = async (): Promise<void> => {
    await session.close();
    memory.dispose();
  };
  return { session, executable, program, feeds, count, close };
}

/** Rules of the CUDA driver that a program can break without a symptom on a fast machine. */
describe.skipIf(missing !== null)("the rules of the CUDA driver", () => {
  test("one context and one module for probe, version, memory plan and sessions", async () => {
    const contexts = (): { created: number; modules: number; users: number } => {
      const counts = new BigUint64Array(3);
      new Driver(library).emulator("void emuContexts(void *out)")!(counts);
      const [created, modules, users] = [...counts].map(Number) as [number, number, number];
      return { created, modules, users };
    };
    const before = contexts();
    expect(await cudaEngine.probe()).toBeNull();
    expect(cudaVersion()).toMatch(/^CUDA 13\.0, CUDA emulated on the CPU, kernels [0-9a-f]{8}/);
    for (let session = 0; session < 2; session++) {
      const { executable, program, feeds, count, close } = await openTraining();
      expect(cudaEngine.deviceMemory!([program]).free).toBeGreaterThan(2 ** 30);
      for (let t = 1; t <= 3; t++) await executable.run({ ...feeds, ...updateFeeds(count, 1e-2, t) });
      await close();
    }
    const { created, modules, users } = contexts();
    expect([created - before.created, modules - before.modules, users - before.users]).toEqual([1, 1, 1]);
  });

  test("after a kernel has failed, its session says so and the next session computes", () => {
    const failing = new Gpu();
    const run = (gpu: Gpu, elements: number): number => {
      const out = gpu.allocate(1024);
      const kernel = gpu.kernel("broken_out_of_bounds", 0);
      launch(gpu.driver, gpu.stream, {
        kernel,
        grid: [1],
        threads: 32,
        args: [{ pointer: out }, { i32: elements }],
      });
      const values = new Float32Array(256);
      gpu.download(out, values);
      return values[100]!;
    };
    expect(() => run(failing, 256)).toThrow(/CUDA_ERROR_ILLEGAL_ADDRESS/);
    failing.close();
    const next = new Gpu();
    expect(run(next, 100)).toBe(1);
    next.close();
  });

  test("a failed run leaves its session closable, other sessions intact until they close, and the next session computing", async () => {
    const { executable, session, feeds, close } = await openTraining();
    const other = await openTraining();
    const ids = feeds["input_ids"]!;
    const beyond = { ...ids, data: BigInt64Array.from(ids.data as BigInt64Array, () => 1n << 30n) };
    await expect(executable.run({ ...feeds, ...updateFeeds(1, 1e-2, 1), input_ids: beyond })).rejects.toThrow(
      /CUDA_ERROR_ILLEGAL_ADDRESS \(700\): gather_rows: illegal address/,
    );
    await expect(session.readState()).rejects.toThrow(/ILLEGAL_ADDRESS/);
    await close();
    await expect(other.session.readState()).rejects.toThrow(/ILLEGAL_ADDRESS/);
    await other.close();
    const next = await openTraining();
    const { committed } = await next.executable.run({ ...next.feeds, ...updateFeeds(1, 1e-2, 1) });
    expect(committed).toBe(true);
    await next.close();
  });

  test("an upload arrives before the kernels enqueued after it; a copy on the legacy stream need not", () => {
    const gpu = new Gpu();
    const data = Float32Array.of(3, 5, 7, 9);
    const sumAfter = (copy: (pointer: bigint) => void): number => {
      const [x, out] = [gpu.allocate(16), gpu.allocate(16)];
      copy(x);
      launch(gpu.driver, gpu.stream, {
        kernel: gpu.kernel("sum_vector", 0),
        grid: [1],
        threads: 256,
        args: [{ pointer: out }, { pointer: x }, { i32: 4 }],
      });
      const sum = new Float32Array(1);
      gpu.download(out, sum);
      return sum[0]!;
    };
    const legacy = gpu.driver.emulator("int cuMemcpyHtoD_v2(uint64_t to, const void *from, size_t bytes)")!;
    expect(sumAfter((pointer) => legacy(pointer, data, 16))).toBeNaN();
    gpu.driver.emulator("int cuCtxSynchronize()")!();
    expect(sumAfter((pointer) => gpu.upload(pointer, data))).toBe(24);
    gpu.close();
  });

  test("arguments of a launch outlive garbage collections until the driver has read them", () => {
    setFlagsFromString("--expose-gc");
    const collect = runInNewContext("gc") as (options: { type: "minor" }) => void;
    /** Collects right before each launch and reuses the freed memory. */
    class CollectingDriver extends Driver {
      readonly #garbage: Buffer[] = [];
      override status(name: DriverCall, ...args: unknown[]): number {
        if (name === "cuLaunchKernel") {
          collect({ type: "minor" });
          for (let i = 0; i < 20; i++) this.#garbage.push(Buffer.from(new ArrayBuffer(24)).fill(0xa5));
          this.#garbage.length = 0;
        }
        return super.status(name, ...args);
      }
    }
    const gpu = new Gpu();
    const driver = new CollectingDriver(library);
    const [out, x] = [gpu.allocate(4 * 1000), gpu.allocate(16)];
    gpu.upload(x, Float32Array.of(1, 10, 100, 1000));
    const kernel = gpu.kernel("sum_vector", 0);
    for (let i = 0; i < 1000; i++) {
      const args = [{ pointer: out + BigInt(4 * i) }, { pointer: x }, { i32: 1 + (i % 4) }];
      launch(driver, gpu.stream, { kernel, grid: [1], threads: 256, args });
    }
    const sums = new Float32Array(1000);
    gpu.download(out, sums);
    expect([...sums]).toEqual(Array.from({ length: 1000 }, (_, i) => [1, 11, 111, 1111][i % 4]));
    gpu.close();
  });

  test("capture refuses a kernel that has never run, as a lazily loading driver does", () => {
    const gpu = new Gpu();
    const out = gpu.allocate(16);
    gpu.upload(out, new Float32Array(4));
    // out[1] becomes half of itself plus one; no Program uses this kernel.
    const run = (): void => {
      const kernel = gpu.kernel("broken_block_order", 0);
      launch(gpu.driver, gpu.stream, { kernel, grid: [1], threads: 32, args: [{ pointer: out }] });
    };
    expect(() => gpu.capture(run)).toThrow(/STREAM_CAPTURE_UNSUPPORTED/);
    run();
    const graph = gpu.capture(run);
    gpu.driver.call("cuGraphLaunch", graph, gpu.stream);
    const result = new Float32Array(4);
    gpu.download(out, result);
    expect(result[1]).toBe(1.5);
    gpu.driver.call("cuGraphExecDestroy", graph);
    gpu.close();
  });

  test("pinned memory reads as NaN once it is freed", () => {
    const gpu = new Gpu();
    const { address, memory } = gpu.pin(64);
    new Float32Array(memory).fill(1);
    gpu.unpin(address);
    expect([...new Float32Array(memory)].every(Number.isNaN)).toBe(true);
    gpu.close();
  });
});
