import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { beforeAll, describe } from "vitest";
import { openDevice } from "../../../src/engines/cuda/driver/device.ts";
import { type DevicePointer, Driver } from "../../../src/engines/cuda/driver/driver.ts";
import { type Argument, launch } from "../../../src/engines/cuda/driver/launch.ts";

const build = fileURLToPath(new URL("../../../kernels/build.mjs", import.meta.url));

const made = spawnSync(process.execPath, [build, "emulator"], { encoding: "utf8" });

/** Reason why the emulator cannot be built on this machine, or null. */
export const missing: string | null = made.status === 0 ? null : made.stderr.trim();
if (missing !== null) console.warn(`tests on the CUDA emulator are skipped: ${missing}`);

export const library = made.stdout.trim();

export type BlockOrder = "forward" | "reverse" | "random";
export const ORDERS: readonly BlockOrder[] = ["forward", "reverse", "random"];

/** The emulated device, with the emulator's own controls and counters. */
export class Emulator {
  readonly driver = new Driver(library);
  readonly device = openDevice(this.driver);
  readonly stream = this.driver.out("cuStreamCreate", 1);
  readonly module = this.driver.out("cuModuleLoadData", Buffer.alloc(8));

  order(order: BlockOrder, seed = 1): void {
    this.driver.emulator("void emuOrder(int order, uint64_t seed)")!(ORDERS.indexOf(order), seed);
  }

  stats(): Record<string, number> {
    const counts = new BigUint64Array(9);
    this.driver.emulator("void emuStats(void *out)")!(counts);
    const names = [
      "blocks",
      "barriers",
      "collectives",
      "partial",
      "ldmatrix",
      "conflicts",
      "copies",
      "mma",
      "launches",
    ];
    return Object.fromEntries(names.map((name, i) => [name, Number(counts[i])]));
  }

  /** Contexts created and modules loaded since the process began, and users of the context now. */
  contexts(): { created: number; modules: number; users: number } {
    const counts = new BigUint64Array(3);
    this.driver.emulator("void emuContexts(void *out)")!(counts);
    const [created, modules, users] = [...counts].map(Number) as [number, number, number];
    return { created, modules, users };
  }

  reset(): void {
    this.driver.emulator("void emuReset()")!();
  }

  /** Device memory, filled with `content`, or with NaN for a size. */
  alloc(content: number | ArrayBufferView): DevicePointer {
    const bytes = typeof content === "number" ? content : content.byteLength;
    const pointer = this.driver.out("cuMemAlloc", bytes);
    if (typeof content !== "number") {
      const { driver, stream } = this;
      driver.call("cuMemcpyHtoDAsync", pointer, driver.addressOf(content), bytes, stream);
      driver.call("cuStreamSynchronize", stream);
    }
    return pointer;
  }

  read(pointer: DevicePointer, floats: number): Float32Array {
    const out = new Float32Array(floats);
    this.download(pointer, out);
    return out;
  }

  download(pointer: DevicePointer, into: ArrayBufferView): void {
    const { driver, stream } = this;
    driver.call("cuMemcpyDtoHAsync", driver.addressOf(into), pointer, into.byteLength, stream);
    driver.call("cuStreamSynchronize", stream);
  }

  kernel(name: string): bigint {
    return this.driver.out("cuModuleGetFunction", this.module, name);
  }

  /** Launches a kernel and waits. */
  run(
    name: string,
    grid: readonly [number, number?, number?],
    threads: number,
    args: readonly Argument[],
    sharedBytes = 0,
  ): void {
    const kernel = this.kernel(name);
    if (sharedBytes > 0) this.driver.call("cuFuncSetAttribute", kernel, 8, sharedBytes);
    launch(this.driver, this.stream, { kernel, grid, threads, sharedBytes, args });
    this.driver.call("cuStreamSynchronize", this.stream);
  }
}

/** Runs the tests with blocks and threads in each order; skipped where the emulator cannot be built. */
export function inEveryOrder(what: string, tests: (device: () => Emulator) => void): void {
  describe.skipIf(missing !== null).each(ORDERS)(`${what}, blocks in %s order`, (order) => {
    let emulator: Emulator;
    beforeAll(() => {
      emulator = new Emulator();
      emulator.order(order, 5);
    });
    tests(() => emulator);
  });
}
