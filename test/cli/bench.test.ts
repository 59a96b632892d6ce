import { join } from "node:path";
import { expect, test } from "vitest";
import { library, missing } from "../engines/cuda/emulator.ts";
import { smallTask } from "../train/small-task.ts";
import { jsonLines, lorafit } from "./lorafit.ts";

const model = join(smallTask(), "base");

test("bench step prints the fields of the contract, from a model and from a config alone", async () => {
  const shape = ["--batch", "2", "--seq", "24", "--rank", "4", "--targets", "all-linear", "--steps", "3"];
  const whole = await lorafit(["bench", "step", "--model", model, ...shape]).finished;
  expect(whole.code, whole.stderr).toBe(0);
  const result = JSON.parse(whole.stdout) as Record<string, unknown>;
  expect(result).toMatchObject({
    tokens_per_second: expect.any(Number),
    step_ms: { p50: expect.any(Number), p95: expect.any(Number), n: 3 },
    compile_ms: expect.any(Number),
    device: expect.any(String),
    versions: { lorafit: expect.any(String), onnx: "1.30.0" },
    shape: { batch: 2, sequence: 24, rank: 4, targets: "all-linear" },
  });
  expect(result["mfu"]).toBeGreaterThan(0);
  expect(result["mfu"]).toBeLessThan(1);
  expect(result["peak_bytes"]).toBeGreaterThan(2 ** 20);
  for (const config of [join(model, "config.json"), model]) {
    const flags = ["--config", config, "--random-weights", "--seq", "16", "--steps", "1", "--json"];
    const random = await lorafit(["bench", "step", ...flags]).finished;
    expect(random.code, random.stderr).toBe(0);
    // Random logits: the loss is that of a guess among 4,096 tokens.
    expect(jsonLines(random)[0]!["loss"]).toBeCloseTo(Math.log(4096), 0);
  }
});

test.skipIf(missing !== null)("on the cuda engine it names the kernel of each matrix product", async () => {
  const flags = ["--config", model, "--random-weights", "--seq", "16", "--steps", "1", "--engine", "cuda"];
  const env = { LORAFIT_CUDA_DRIVER: library, LORAFIT_CUBLASLT: library };
  const finished = await lorafit(["bench", "step", ...flags, "--json"], { env }).finished;
  expect(finished.code, finished.stderr).toBe(0);
  const { products, versions } = jsonLines(finished)[0] as Record<string, Record<string, string>>;
  expect(versions!["cuda"]).toMatch(/, cuBLASLt 13\.1\.2$/);
  expect(Object.keys(products!).length).toBeGreaterThan(10);
  for (const [product, by] of Object.entries(products!)) {
    expect(product).toMatch(/^n[nt] \d+x\d+x\d+, rows of /);
    // The emulated device has no clock.
    expect(by).toMatch(/^gemm_n[nt]_\d+x\d+$/);
  }
});

test("wrong flags exit with 2", async () => {
  for (const args of [
    [],
    ["--config", "x.json"],
    ["--batch", "0", "--model", "x"],
    ["--supervised", "2", "--model", "x"],
  ]) {
    const { code, stdout } = await lorafit(["bench", "step", ...args]).finished;
    expect(code).toBe(2);
    expect(stdout).toBe("");
  }
});

test("doctor finds every engine correct here", async () => {
  const finished = await lorafit(["doctor", "--json"]).finished;
  expect(finished.code, finished.stderr).toBe(0);
  const events = jsonLines(finished);
  for (const engine of ["onnx", "reference"]) {
    expect(events).toContainEqual(
      expect.objectContaining({ event: "engine", engine, usable: true, failures: [] }),
    );
  }
  expect(events.at(-1)).toMatchObject({ event: "doctor-end", ok: true, trains_on: "onnx" });
});

test("SIGTERM ends a verb that has no safe place to stop at, here one that waits for a line on stdin", async () => {
  const started = lorafit(["bench", "step", "--model", model, "--seq", "16", "--serve", "--json"]);
  await started.shows(/"ready":true/);
  started.kill("SIGTERM");
  expect(await started.finished).toMatchObject({ code: null, signal: "SIGTERM" });
});
