import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { Gpu } from "../../../src/engines/cuda/driver/gpu.ts";
import { GemmAutotuner } from "../../../src/engines/cuda/gemm/autotuner.ts";
import { expectClose } from "../../expect-close.ts";
import { Emulator, library, missing } from "./emulator.ts";
import { type DeviceMatrix, outputMatrix, ROUNDED, read } from "./matrix.ts";
import { launchContext, randomGemm, setCosts } from "./random-gemm.ts";

process.env["LORAFIT_CUDA_DRIVER"] = library;

describe.skipIf(missing !== null)("the GEMM autotuner", () => {
  const emulator = missing === null ? new Emulator() : (undefined as never);
  const shape = [16, 24, 32] as const;
  /**
   * First row: 2^24 + 30 ones - 2^24. float32 absorbs a one beside 2^24, so each summation order has its own result. The other
   * rows are so large that the difference is within tolerance.
   */
  const place = (n: number): number => n % shape[2];
  const unsigned = (n: number): number => (place(n) === 0 || place(n) === shape[2] - 1 ? 4096 : 1);
  const signed = (n: number): number => {
    if (n >= shape[2]) return 4096;
    return place(n) === shape[2] - 1 ? -4096 : unsigned(n);
  };
  let gpu: Gpu;
  let home: string;
  let made: ReturnType<typeof randomGemm>;
  let c: DeviceMatrix;
  beforeEach(() => {
    home = mkdtempSync(join(tmpdir(), "lorafit-products-"));
    process.env["LORAFIT_HOME"] = home;
    process.env["LORAFIT_CUBLASLT"] = library;
    gpu = new Gpu();
    made = randomGemm(emulator, shape, "nt", { drawA: signed, drawB: unsigned });
    c = outputMatrix(emulator, shape[0], shape[1]);
  });
  afterEach(() => {
    setCosts(emulator, 0, [0, 0, 0]);
    gpu.close();
    rmSync(home, { recursive: true, force: true });
  });

  /** Runs the GEMM in a separate session. @returns its implementation and one of the sums */
  const run = (): { by: string; first: number } => {
    const products = new GemmAutotuner(gpu);
    const product = made.into(c);
    products.run(product, launchContext(gpu, made.resolve));
    gpu.wait();
    const by = products.implementationOf(product);
    products.close();
    return { by, first: read(emulator, c)[0]! };
  };
  const files = (): string[] => readdirSync(join(home, "cuda")).map((name) => join(home, "cuda", name));

  test("uses the modelled tile without a clock, and writes no cache", () => {
    expect(run().by).toBe("gemm_nt_64x32");
    expect(readdirSync(home)).toEqual([]);
  });

  test("selects the fastest tile, also without cuBLASLt", () => {
    setCosts(emulator, 3, [4, 4, 4]);
    emulator.driver.emulator("void emuCost(const char *kernel, double ms)")!("gemm_nt_128x64", 2);
    expect(run().by).toBe("gemm_nt_128x64");
    process.env["LORAFIT_CUBLASLT"] = "off";
    expect(run().by).toBe("gemm_nt_128x64");
    // One cache file with the library, one without.
    expect(files()).toHaveLength(2);
  });

  test("selects an algorithm of cuBLASLt, and later sessions repeat it to the bit whatever is fastest then", () => {
    const sums = ([0, 1, 2] as const).map((fastest) => {
      rmSync(join(home, "cuda"), { recursive: true, force: true });
      const times: [number, number, number] = [9, 9, 9];
      times[fastest] = 5;
      setCosts(emulator, 7, times);
      const once = run();
      expect(once.by).toBe("cublasLt");
      setCosts(emulator, 1, [9, 9, 9]);
      expect(run()).toEqual(once);
      return once.first;
    });
    // Sums in order, in two halves, and from the last to the first.
    expect(sums).toEqual([0, 15, 30]);
  });

  test("rejects a fast algorithm whose result differs from lorafit's kernel", () => {
    made = randomGemm(emulator, shape, "nt");
    setCosts(emulator, 7, [5, 1, 9]);
    const forget = emulator.driver.emulator("void emuCublasLtForgetful(int algorithm)")!;
    forget(1);
    expect(run().by).toBe("cublasLt");
    forget(-1);
    expectClose(read(emulator, c), made.expected, ROUNDED, "the next one");
  });

  test.each([
    ["is cut short", (text: string) => text.slice(0, -9)],
    ["is of another kind", () => "[]"],
    ["names a tile that is gone", (text: string) => text.replace(/cublasLt [0-9a-f]+/, "31x7")],
    ["holds half an algorithm", (text: string) => text.replace(/(cublasLt [0-9a-f]{64})[0-9a-f]+/, "$1")],
  ])("rewrites a cache file that %s", (_, damage) => {
    setCosts(emulator, 7, [9, 5, 9]);
    run();
    const [file] = files();
    const sound = readFileSync(file!, "utf8");
    writeFileSync(file!, damage(sound));
    expect(readFileSync(file!, "utf8")).not.toBe(sound);
    expect(run().by).toBe("cublasLt");
    expect(readFileSync(file!, "utf8")).toBe(sound);
    expect(files()).toHaveLength(1);
  });
});
