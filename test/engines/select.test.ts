import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test, vi } from "vitest";
import { precisionOn } from "../../src/engines/precision.ts";
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
