import { existsSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { library, missing } from "../engines/cuda/emulator.ts";
import { smallTask } from "../train/small-task.ts";
import { lorafit } from "./lorafit.ts";

// Rows of 64 are two blocks.
const folder = smallTask({ max_steps: 8, checkpoint_every: 2 }, 64);
const packed = ["--set", "base_weights=q4_0"];
const env = { LORAFIT_CUDA_DRIVER: library };
const runs = (): string[] => readdirSync(join(folder, "runs")).map((id) => join(folder, "runs", id));
const adapterOf = (run: string): Buffer => readFileSync(join(run, "adapter/adapter_model.safetensors"));

test("an engine without packed weights is refused in one line, and leaves no run", async () => {
  const { code, stderr } = await lorafit(["train", folder, "--engine", "onnx", ...packed]).finished;
  expect(code).toBe(2);
  expect(stderr).toContain("base_weights q4_0: the onnx engine keeps the base in float32 here");
  expect(existsSync(join(folder, "runs"))).toBe(false);
});

describe.skipIf(missing !== null)("on the emulator", () => {
  const train = ["train", folder, "--engine", "cuda", "--json"];

  test("a run on packed weights reports it, resumes bit for bit, and refuses another format", async () => {
    const adapters: Buffer[] = [];
    for (const settings of [[], packed]) {
      const { code, stderr } = await lorafit([...train, ...settings], { env }).finished;
      expect(code, stderr).toBe(0);
      const [run] = runs();
      adapters.push(adapterOf(run!));
      rmSync(run!, { recursive: true });
    }
    expect(adapters[1]).not.toEqual(adapters[0]);

    const begun = lorafit([...train, ...packed], { env });
    await begun.shows(/"step-end","step":3,/);
    begun.kill("SIGKILL");
    await begun.finished;
    const [run] = runs();
    const { settings } = JSON.parse(readFileSync(join(run!, "config.json"), "utf8"));
    expect(settings["train.base_weights"].value).toBe("q4_0");
    const resume = [...train, "--resume", run!];
    const other = await lorafit([...resume, "--set", "base_weights=q8_0"], { env }).finished;
    expect(other.code, other.stderr).not.toBe(0);
    expect(other.stderr).toContain("train.base_weights");
    expect((await lorafit(resume, { env }).finished).code).toBe(0);
    expect(adapterOf(run!)).toEqual(adapters[1]);
  }, 300_000);
});
