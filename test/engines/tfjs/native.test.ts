import { createRequire } from "node:module";
import { describe, expect, test } from "vitest";
import { loadNativeTf, probeNativeTf } from "../../../src/engines/tfjs/native.ts";
import { PACKAGE, PACKAGE_VERSION } from "../../../src/engines/tfjs/packages.ts";
import { probePackage, requireTf, whyNoGpu } from "../../../src/engines/tfjs/probe.ts";

const probe = await probeNativeTf();
const reason = probe.usable ? "" : ` (skipped: ${probe.reason})`;

describe.skipIf(!probe.usable)(`native TensorFlow${reason}`, () => {
  test("is found in a child process, with a device and a reason where that is no GPU", () => {
    expect(probe).toMatchObject({ usable: true, tensorflow: expect.stringMatching(/^2\.\d+\.\d+/) });
    if (probe.usable) expect(probe.gpu ? probe.device : probe.gpuReason).toMatch(/\w/);
  });

  test("multiplies here, with the threads it was loaded with", async () => {
    const tf = await loadNativeTf({ threads: 1 });
    expect(tf.getBackend()).toBe("tensorflow");
    const product = tf.matMul(tf.tensor2d([[1, 2, 3]]), tf.tensor2d([[4], [5], [6]]));
    expect(Array.from(product.dataSync())).toEqual([32]);
    await expect(loadNativeTf({ threads: 2 })).rejects.toThrow("loaded with threads: 1");
  });
});

test("a package that does not load is a reason, not an exception", async () => {
  expect(await probePackage("/nowhere/tfjs-node-gpu")).toEqual({
    usable: false,
    reason: "Cannot find module '/nowhere/tfjs-node-gpu'",
  });
});

test("the version that setup installs is the optional peer dependency", () => {
  const { peerDependencies, peerDependenciesMeta } = createRequire(import.meta.url)("../../../package.json");
  expect(peerDependencies).toEqual({ [PACKAGE]: PACKAGE_VERSION });
  expect(peerDependenciesMeta).toEqual({ [PACKAGE]: { optional: true } });
});

test("the package finds the two functions of node:util that Node 23 dropped, from the text of the function alone", () => {
  const require = createRequire(import.meta.url);
  const alone = new Function(`return ${requireTf}`)() as typeof requireTf;
  expect(alone(require, "node:path")).toBe(require("node:path"));
  const { isArray, isNullOrUndefined } = require("node:util");
  expect([isArray([]), isArray({}), isNullOrUndefined(undefined), isNullOrUndefined(0)]).toEqual([
    true,
    false,
    true,
    false,
  ]);
});

// As TensorFlow 2.21 prints it: built without CUDA; with CUDA on a machine without a driver; and with a stand-in for the driver
// (a libcuda.so.1 that answers for one device) where the machine lacks other parts.
const load = (library: string): string =>
  `I0000 00:00:1795525652.097367 525 dso_loader.cc:144] Could not load dynamic library '${library}'; dlerror: ${library}: cannot open shared object file: No such file or directory\n`;
const opened = (library: string): string =>
  `I0000 00:00:1795525652.723758 571 dso_loader.cc:133] Successfully opened dynamic library ${library}\n`;
const cuInit = (complaint: string): string =>
  `E0000 00:00:1795525652.097391 525 cuda_platform.cc:52] failed call to cuInit: INTERNAL: CUDA error: Failed call to cuInit: ${complaint}\n`;
const NO_DRIVER = load("libcuda.so.1") + cuInit("UNKNOWN ERROR (303)");

test.each([
  { stderr: "", says: "this TensorFlow is built without CUDA" },
  { stderr: "", visible: "-1", says: "this TensorFlow is built without CUDA" },
  { stderr: NO_DRIVER, says: "there is no NVIDIA driver here (libcuda.so.1)" },
  { stderr: NO_DRIVER, visible: "-1", says: "CUDA_VISIBLE_DEVICES=-1 hides it" },
  {
    stderr: opened("libcuda.so.1") + cuInit("CUDA_ERROR_NO_DEVICE: no CUDA-capable device is detected"),
    says: "TensorFlow says: Failed call to cuInit: CUDA_ERROR_NO_DEVICE: no CUDA-capable device is detected",
  },
  {
    stderr: opened("libcuda.so.1") + load("libnvidia-ml.so.1"),
    says: "the NVIDIA driver is here without its libnvidia-ml.so.1",
  },
  {
    stderr: opened("libcuda.so.1") + load("libcudnn.so.9") + load("libcufft.so.11") + load("libcudnn.so.9"),
    says: "libraries of CUDA are missing: libcudnn.so.9, libcufft.so.11",
  },
  { stderr: opened("libcuda.so.1"), says: "TensorFlow finds the driver, but no GPU" },
])("no GPU: $says", ({ stderr, visible, says }) => {
  expect(whyNoGpu(stderr, visible)).toBe(says);
});
