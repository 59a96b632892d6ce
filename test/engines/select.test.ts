import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test, vi } from "vitest";
import { cudaEngine } from "../../src/engines/cuda/cuda.ts";
import { packingOn, precisionOn } from "../../src/engines/precision.ts";
import { selectEngine } from "../../src/engines/select.ts";
import { probeNativeTf } from "../../src/engines/tfjs/native.ts";
import { EXIT, type LorafitError } from "../../src/errors.ts";

vi.stubEnv("LORAFIT_HOME", mkdtempSync(join(tmpdir(), "lorafit-home-")));
const native = await probeNativeTf();

test.skipIf(native.usable)("tfjs by name, not set up: what to run, and exit code 6", async () => {
  const error = await selectEngine("tfjs").catch((thrown: LorafitError) => thrown);
  expect(error).toMatchObject({
    kind: "environment",
    exitCode: EXIT.environment,
    message: expect.stringContaining("run `lorafit setup tfjs`"),
  });
});

test("auto takes onnx where tfjs has no GPU", async () => {
  const { engine, version } = await selectEngine();
  expect(engine.name).toBe(native.usable && native.gpu ? "tfjs" : "onnx");
  expect(version).toMatch(/\d+\.\d+\.\d+/);
});

test("a precision that an engine does not have is a usage error that names both", async () => {
  const { engine } = await selectEngine("onnx");
  expect(precisionOn(engine, "auto")).toBe("float32");
  expect(() => precisionOn(engine, "bf16")).toThrow(
    "precision bf16: the onnx engine computes in float32 only",
  );
});

test("packed weights are for engines that have them, and bf16 ones for bf16", async () => {
  const { engine } = await selectEngine("onnx");
  expect(packingOn(engine, "float32", "auto")).toBeUndefined();
  for (const asked of ["bf16", "q8_0", "q4_0"] as const)
    expect(() => packingOn(engine, "float32", asked)).toThrow(
      `base_weights ${asked}: the onnx engine keeps the base in float32 here`,
    );
  expect(packingOn(cudaEngine, "bf16", "bf16")).toBeUndefined();
  expect(packingOn(cudaEngine, "bf16", "q4_0")).toBe("q4_0");
});
