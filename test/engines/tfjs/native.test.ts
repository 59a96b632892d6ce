import { createRequire } from "node:module";
import { describe, expect, test } from "vitest";
import { loadNativeTf, probeNativeTf } from "../../../src/engines/tfjs/native.ts";
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

// As TensorFlow 2.21 with CUDA prints it on a machine without a driver, and as its sources have it for the others.
const NO_DRIVER = `I0000 00:00:1795524349.047125 12035 cudart_stub.cc:31] Could not find cuda drivers on your machine, GPU will not be used.
E0000 00:00:1795524349.096128 12035 cuda_platform.cc:52] failed call to cuInit: INTERNAL: CUDA error: Failed call to cuInit: UNKNOWN ERROR (303)`;

test.each([
  { stderr: "", says: "this TensorFlow is built without CUDA" },
  { stderr: NO_DRIVER, says: "there is no NVIDIA driver (libcuda.so.1) here" },
  { stderr: NO_DRIVER, visible: "-1", says: "CUDA_VISIBLE_DEVICES=-1 hides it" },
  {
    stderr:
      "E0000 cuda_platform.cc:52] failed call to cuInit: INTERNAL: no CUDA-capable device is detected\n",
    says: "TensorFlow says: INTERNAL: no CUDA-capable device is detected",
  },
])("no GPU: $says", ({ stderr, visible, says }) => {
  expect(whyNoGpu(stderr, visible)).toBe(says);
});
