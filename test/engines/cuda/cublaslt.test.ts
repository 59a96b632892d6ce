import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, relative } from "node:path";
import { afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { Gpu } from "../../../src/engines/cuda/driver/gpu.ts";
import { CublasLt } from "../../../src/engines/cuda/gemm/cublaslt.ts";
import { loadCublasLt } from "../../../src/engines/cuda/gemm/cublaslt-binding.ts";
import { candidates, openCublasLt } from "../../../src/engines/cuda/gemm/cublaslt-search.ts";
import { gemmCall, TILES } from "../../../src/engines/cuda/gemm/kernel.ts";
import { expectClose } from "../../expect-close.ts";
import { Emulator, library, missing } from "./emulator.ts";
import { outputMatrix, ROUNDED, read } from "./matrix.ts";
import { launchContext, randomGemm } from "./random-gemm.ts";

process.env["LORAFIT_CUDA_DRIVER"] = library;
process.env["LORAFIT_CUBLASLT"] = library;

/** M, N, K of the kinds that the engine has: any number of rows, a narrow output, a wide one. */
const SHAPES = [
  [33, 40, 24],
  [16, 8, 72],
  [10, 136, 64],
] as const;

describe.skipIf(missing !== null)("cuBLASLt, emulated", () => {
  let emulator: Emulator;
  let gpu: Gpu;
  beforeAll(() => {
    emulator = new Emulator();
  });
  beforeEach(() => {
    gpu = new Gpu();
  });
  afterEach(() => gpu.close());
  const alive = (): number => Number(emulator.driver.emulator("uint64_t emuCublasLtAlive()")!());

  test.each(SHAPES)(
    "GEMMs of %i x %i over %i by every algorithm, against lorafit's kernel and float64",
    (...shape) => {
      const [M, N] = shape;
      const before = alive();
      const lt = new CublasLt(gpu, openCublasLt(gpu.device)!);
      for (const layout of ["nt", "nn"] as const) {
        for (const extras of [{}, { add: true }, { bias: true }, { add: true, bias: true }]) {
          const { into, expected, resolve } = randomGemm(emulator, shape, layout, extras);
          const caller = launchContext(gpu, resolve);
          const ours = outputMatrix(emulator, M, N);
          caller.call(gemmCall(into(ours), TILES[3]));
          gpu.wait();
          const what = `${layout} ${JSON.stringify(extras)}`;
          const algorithms = lt.algorithms(into(ours), resolve);
          expect(algorithms).toHaveLength(3);
          for (const algorithm of algorithms) {
            const theirs = outputMatrix(emulator, M, N);
            lt.multiply(into(theirs), algorithm, resolve);
            gpu.wait();
            expectClose(read(emulator, theirs), expected, ROUNDED, what);
            expectClose(read(emulator, theirs), read(emulator, ours), ROUNDED, `${what}, ours`);
          }
        }
      }
      lt.close();
      expect(alive()).toBe(before);
    },
  );

  test("a captured GEMM runs at each launch of the graph, with the operands at that time", () => {
    const lt = new CublasLt(gpu, openCublasLt(gpu.device)!);
    const { into, expected, resolve } = randomGemm(emulator, [8, 16, 24], "nt", { add: true });
    const c = outputMatrix(emulator, 8, 16);
    const product = into(c);
    const [algorithm] = lt.algorithms(product, resolve);
    // Loads the library's kernel, which capture forbids.
    const elsewhere = outputMatrix(emulator, 8, 16);
    lt.multiply(into(elsewhere), algorithm!, resolve);
    const graph = gpu.capture(() => lt.multiply(product, algorithm!, resolve));
    gpu.wait();
    expect(() => expectClose(read(emulator, c), expected, ROUNDED, "not yet")).toThrow();
    gpu.driver.call("cuGraphLaunch", graph, gpu.stream);
    gpu.wait();
    expectClose(read(emulator, c), expected, ROUNDED, "launched");
    gpu.driver.call("cuGraphExecDestroy", graph);
    lt.close();
  });

  test("widths that are no multiples of eight are not offered, nor a bias where the library requires bf16", () => {
    const lt = new CublasLt(gpu, openCublasLt(gpu.device)!);
    const offered = (shape: readonly [number, number, number], extras = {}): number => {
      const { into, resolve } = randomGemm(emulator, shape, "nt", extras);
      return lt.algorithms(into(outputMatrix(emulator, shape[0], shape[1])), resolve).length;
    };
    expect([offered([8, 12, 16]), offered([8, 16, 12]), offered([7, 16, 16])]).toEqual([0, 0, 3]);
    const strict = emulator.driver.emulator("void emuCublasLtBiasAsOutput(int strict)")!;
    strict(1);
    expect([offered([8, 16, 16], { bias: true }), offered([8, 16, 16])]).toEqual([0, 3]);
    strict(0);
    lt.close();
  });

  const real = process.env["LORAFIT_TEST_CUBLASLT"];
  if (!real) console.warn("the real cuBLASLt is not tested: LORAFIT_TEST_CUBLASLT names no libcublasLt.so");
  test.skipIf(!real)("the real library accepts every attribute, without a GPU", () => {
    const lib = loadCublasLt(real!);
    const said: [string, number][] = [];
    const call: typeof lib.call = (name, ...args) => {
      const status = lib.call(name, ...args);
      said.push([name, status]);
      return status;
    };
    // Without a GPU there is no handle, so the heuristic is the first call to fail.
    const lt = new CublasLt(gpu, { library: { ...lib, call }, handle: 0n });
    for (const layout of ["nt", "nn"] as const) {
      const { into, resolve } = randomGemm(emulator, [16, 24, 32], layout, { add: true, bias: true });
      expect(lt.algorithms(into(outputMatrix(emulator, 16, 24)), resolve)).toEqual([]);
    }
    const refused = said.filter(([, status]) => status !== 0).map(([name]) => name);
    expect(refused).toEqual(Array(2).fill("cublasLtMatmulAlgoGetHeuristic"));
    const attributes = said.filter(([name]) => name.endsWith("SetAttribute"));
    // Transposition only for nt; epilogue, type and address of the bias, and six preferences for both.
    expect(attributes).toHaveLength(1 + 2 * 9);
    console.log(`cuBLASLt ${lib.version} takes them`);
  });

  test("the emulated library rejects invalid attributes like the real one", () => {
    const { library: lt, handle } = openCublasLt(gpu.device)!;
    const place = [null];
    expect(lt.call("cublasLtMatmulDescCreate", place, 68, 0)).toBe(0);
    const operation = place[0]!;
    const set = (attribute: number, value: ArrayBufferView): number =>
      lt.call("cublasLtMatmulDescSetAttribute", operation, attribute, value, value.byteLength);
    expect(set(3, Int32Array.of(1))).toBe(0);
    // CUBLAS_STATUS_INVALID_VALUE: an unknown attribute, a value of the wrong size, a destroyed descriptor.
    expect(set(99, Int32Array.of(1))).toBe(7);
    expect(set(26, BigInt64Array.of(0n))).toBe(7);
    expect(lt.call("cublasLtMatmulDescDestroy", operation)).toBe(0);
    expect(set(3, Int32Array.of(1))).toBe(7);
    lt.call("cublasLtDestroy", handle);
  });
});

describe("the search for cuBLASLt", () => {
  let root: string;
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), "lorafit-cublaslt-"));
  });
  afterEach(() => rmSync(root, { recursive: true, force: true }));
  /** Candidates with empty files at these paths. */
  const found = (newest: number, files: readonly string[], platform: NodeJS.Platform = "linux"): string[] => {
    for (const file of files) {
      mkdirSync(dirname(join(root, file)), { recursive: true });
      writeFileSync(join(root, file), "");
    }
    const [environment, home] = [
      { VIRTUAL_ENV: join(root, "venv"), CONDA_PREFIX: join(root, "conda") },
      join(root, "home"),
    ];
    return candidates(newest, {
      environment: { ...environment, CUDA_PATH: join(root, "cuda") },
      platform,
      home,
    })
      .filter((path) => path.startsWith(root) || !path.startsWith("/"))
      .map((path) => (path.startsWith(root) ? relative(root, path) : path));
  };

  test("takes the active environment before the user's packages, newest first, none newer than the driver", () => {
    const packages = "lib/python3.12/site-packages/nvidia";
    const files = [
      `home/.local/${packages}/cublas/lib/libcublasLt.so.12`,
      "conda/lib/libcublasLt.so.12",
      `conda/${packages}/cublas/lib/libcublasLt.so.11`,
      `venv/${packages}/cublas/lib/libcublasLt.so.12`,
      `venv/${packages}/cu13/lib/libcublasLt.so.13`,
    ];
    const bare = ["libcublasLt.so.13", "libcublasLt.so.12", "libcublasLt.so.11"];
    const [local, conda, eleven, twelve, thirteen] = files;
    expect(found(13, files)).toEqual([thirteen, twelve, eleven, local, conda, ...bare]);
    expect(found(12, [])).toEqual([twelve, eleven, local, conda, ...bare.slice(1)]);
  });

  test("takes the packages of the Python on PATH, by its link and by the link's target, without an active environment", () => {
    const packages = "lib/python3.11/site-packages/nvidia/cublas/lib/libcublasLt.so.12";
    for (const file of [`tool/${packages}`, `opt/python/${packages}`, "opt/python/bin/python3.11"]) {
      mkdirSync(dirname(join(root, file)), { recursive: true });
      writeFileSync(join(root, file), "");
    }
    mkdirSync(join(root, "tool/bin"), { recursive: true });
    symlinkSync(join(root, "opt/python/bin/python3.11"), join(root, "tool/bin/python3"));
    const PATH = `${join(root, "empty")}:${join(root, "tool/bin")}:/usr/bin`;
    const paths = candidates(12, { environment: { PATH }, platform: "linux", home: join(root, "home") });
    expect(paths.filter((path) => path.startsWith(root)).map((path) => relative(root, path))).toEqual([
      `tool/${packages}`,
      `opt/python/${packages}`,
    ]);
  });

  test("uses the file names and folders of Windows", () => {
    const files = [
      "venv/Lib/site-packages/nvidia/cu13/bin/x86_64/cublasLt64_13.dll",
      "conda/Library/bin/cublasLt64_12.dll",
      "cuda/bin/x64/cublasLt64_13.dll",
      "cuda/bin/cublasLt64_12.dll",
    ];
    const bare = ["cublasLt64_13.dll", "cublasLt64_12.dll", "cublasLt64_11.dll"];
    expect(found(13, files, "win32")).toEqual([...files, ...bare]);
  });
});

describe.skipIf(missing !== null)("LORAFIT_CUBLASLT", () => {
  const device = missing === null ? new Emulator().device : undefined;
  afterEach(() => {
    process.env["LORAFIT_CUBLASLT"] = library;
  });

  test("off, or another driver than the system's: no library is used", () => {
    process.env["LORAFIT_CUBLASLT"] = "off";
    expect(openCublasLt(device!)).toBeUndefined();
    process.env["LORAFIT_CUBLASLT"] = "";
    expect(openCublasLt(device!)).toBeUndefined();
  });

  test("a file that is not cuBLASLt is refused in one line", () => {
    process.env["LORAFIT_CUBLASLT"] = "libcublasLt-of-nobody.so";
    expect(() => openCublasLt(device!)).toThrow(/^cuBLASLt: libcublasLt-of-nobody\.so cannot be loaded: /);
    process.env["LORAFIT_CUBLASLT"] = "libm.so.6";
    expect(() => openCublasLt(device!)).toThrow(
      /^cuBLASLt: libm\.so\.6 cannot be loaded: .*cublasLtGetVersion/,
    );
  });
});
