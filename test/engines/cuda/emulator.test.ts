import { beforeEach, describe, expect, test } from "vitest";
import { Driver } from "../../../src/engines/cuda/driver/driver.ts";
import { launch } from "../../../src/engines/cuda/driver/launch.ts";
import { probeDriver } from "../../../src/engines/cuda/driver/probe.ts";
import { Emulator, library, missing, ORDERS } from "./emulator.ts";

describe.skipIf(missing !== null)("the emulator catches", () => {
  const emulator = new Emulator();
  beforeEach(() => {
    emulator.reset();
    emulator.order("forward");
    emulator.stats();
  });
  const input = emulator.alloc(Float32Array.from({ length: 256 }, (_, i) => i));

  test.each([
    ["broken_divergent_barrier", [64], /__syncthreads/],
    ["broken_two_barriers", [64], /divergent __syncthreads: others wait at broken\.cu:\d+/],
    ["broken_leftover_copy", [64, "in"], /ends with cp\.async in flight/],
    ["broken_divergent_shuffle", [32], /lanes of one warp are at different collectives/],
    ["broken_mask", [32], /the calling lane is not in its mask \(block 0,0,0 thread 1,0,0\)/],
  ] as const)("%s, by kernel and source position, in every order", (name, [threads, reads], message) => {
    for (const order of ORDERS) {
      emulator.reset();
      emulator.order(order);
      const args = [{ pointer: emulator.alloc(1024) }, ...(reads ? [{ pointer: input }] : [])];
      const where = name === "broken_mask" ? /the calling lane is not in its mask/ : message;
      expect(() => emulator.run(name, [1], threads, args)).toThrow(where);
      expect(() => emulator.driver.call("cuStreamSynchronize", emulator.stream)).toThrow(/LAUNCH_FAILED/);
    }
  });

  test("a read of shared memory before its copy or its barrier, which returns NaN", () => {
    for (const order of ORDERS) {
      emulator.order(order);
      const early = emulator.alloc(1024);
      emulator.run("broken_early_read", [1], 64, [{ pointer: early }, { pointer: input }]);
      expect([...emulator.read(early, 64)].some(Number.isNaN)).toBe(true);
      emulator.run("broken_wait", [1], 64, [{ pointer: early }, { pointer: input }]);
      expect([...emulator.read(early, 64)].some(Number.isNaN)).toBe(true);
      const race = emulator.alloc(256);
      emulator.run("broken_race", [1], 64, [{ pointer: race }]);
      expect([...emulator.read(race, 64)].some(Number.isNaN)).toBe(true);
    }
  });

  test("a write beyond an allocation, as a device reports it", () => {
    const out = emulator.alloc(1024);
    expect(() => emulator.run("broken_out_of_bounds", [1], 32, [{ pointer: out }, { i32: 256 }])).toThrow(
      /cuStreamSynchronize: CUDA_ERROR_ILLEGAL_ADDRESS \(700\): broken_out_of_bounds: illegal address/,
    );
  });

  test("a result that depends on the order of blocks, which differs between orders", () => {
    const results = ORDERS.map((order) => {
      emulator.order(order);
      const threads = emulator.driver.emulator("void emuThreads(uint32_t)");
      threads!(1);
      const out = emulator.alloc(new Float32Array(4));
      emulator.run("broken_block_order", [20], 32, [{ pointer: out }]);
      threads!(2);
      return emulator.read(out, 2)[1]!;
    });
    expect(new Set(results).size).toBe(3);
  });

  test("bank conflicts, which it counts", () => {
    emulator.run("broken_bank_conflicts", [1], 32, [{ pointer: emulator.alloc(128) }]);
    expect(emulator.stats()).toMatchObject({ ldmatrix: 1, conflicts: 4, blocks: 1, launches: 1, partial: 0 });
  });

  test("reuse of a host buffer before its asynchronous copy has run", () => {
    const { driver, stream } = emulator;
    const pinned = driver.out("cuMemHostAlloc", 64, 0);
    const host = new Float32Array(driver.view(pinned, 64));
    const device = emulator.alloc(64);
    host.fill(1);
    driver.call("cuMemcpyHtoDAsync", device, pinned, 64, stream);
    host.fill(2);
    const event = driver.out("cuEventCreate", 0);
    driver.call("cuEventRecord", event, stream);
    expect(driver.reached(event)).toBe(false);
    expect(driver.reached(event)).toBe(true);
    expect(emulator.read(device, 1)[0]).toBe(2);
  });

  test("allocations and waits under capture; a graph replays the captured work", () => {
    const { driver, stream } = emulator;
    const out = emulator.alloc(new Float32Array(4));
    driver.call("cuStreamBeginCapture", stream, 1);
    expect(() => driver.call("cuStreamSynchronize", stream)).toThrow(/STREAM_CAPTURE_UNSUPPORTED/);
    expect(() => driver.out("cuMemAlloc", 16)).toThrow(/STREAM_CAPTURE_UNSUPPORTED/);
    launch(driver, stream, {
      kernel: emulator.kernel("broken_block_order"),
      grid: [1],
      threads: 32,
      args: [{ pointer: out }],
    });
    const graph = driver.out("cuStreamEndCapture", stream);
    const executable = driver.out("cuGraphInstantiateWithFlags", graph, 0);
    expect(emulator.read(out, 2)[1]).toBe(0);
    for (let i = 0; i < 3; i++) driver.call("cuGraphLaunch", executable, stream);
    expect(emulator.read(out, 2)[1]).toBe(1.75);
  });

  test("launches that a device refuses", () => {
    const kernel = emulator.kernel("broken_mask");
    const { driver, stream } = emulator;
    const args = [{ pointer: input }];
    expect(() => launch(driver, stream, { kernel, grid: [1], threads: 2048, args })).toThrow(/INVALID_VALUE/);
    expect(() =>
      launch(driver, stream, { kernel, grid: [1], threads: 32, sharedBytes: 60_000, args }),
    ).toThrow(/INVALID_VALUE/);
    const other = emulator.kernel("broken_block_size");
    expect(() => launch(driver, stream, { kernel: other, grid: [1], threads: 128, args })).toThrow(
      /INVALID_VALUE.*broken_block_size: blocks of 128 threads, it is written for 64/,
    );
    expect(() => emulator.kernel("no_such_kernel")).toThrow(/NOT_FOUND/);
  });
});

test("a missing driver, or a library that is not a driver, is reported in one line", () => {
  expect(() => new Driver("libcuda-of-nobody.so")).toThrow(
    /no NVIDIA driver: libcuda-of-nobody\.so cannot be loaded/,
  );
  expect(probeDriver("libcuda-of-nobody.so")).toMatch(/^no NVIDIA driver: .*libcuda-of-nobody\.so/);
  expect(probeDriver("libm.so.6")).toMatch(/^no NVIDIA driver: .*cuInit/);
});

test.skipIf(missing !== null)("the probe starts the emulator in a child process", () => {
  expect(probeDriver(library)).toBeNull();
});
