import { readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { probeNativeTf } from "../../src/engines/tfjs/native.ts";
import { missing as emulatorMissing, library } from "../engines/cuda/emulator.ts";
import { smallTask } from "../train/small-task.ts";
import { jsonLines, lorafit as start } from "./lorafit.ts";

const tfjs = await probeNativeTf();
const engines = [
  { engine: "onnx", missing: "", env: {} },
  { engine: "tfjs", missing: tfjs.usable ? "" : `(skipped: ${tfjs.reason})`, env: {} },
  {
    engine: "cuda",
    missing: emulatorMissing === null ? "" : "(skipped: no emulator)",
    env: { LORAFIT_CUDA_DRIVER: library },
  },
];

describe.each(engines)("$engine $missing", ({ engine, missing, env }) => {
  const lorafit = (args: readonly string[]) => start(args, { env });
  const folder = smallTask({ max_steps: 40, tokens_per_step: 256, dropout: 0.2 });
  const trainArgs = ["train", folder, "--engine", engine, "--json"];
  const runs = (): string[] => readdirSync(join(folder, "runs")).map((id) => join(folder, "runs", id));
  const adapterOf = (run: string): Buffer => readFileSync(join(run, "adapter/adapter_model.safetensors"));

  async function uninterrupted(): Promise<Buffer> {
    const { code, stderr } = await lorafit(trainArgs).finished;
    expect(code, stderr).toBe(0);
    const [run] = runs();
    const adapter = adapterOf(run!);
    rmSync(run!, { recursive: true });
    return adapter;
  }

  test.skipIf(missing !== "")(
    "a run killed five times and resumed equals the uninterrupted one bit for bit",
    async () => {
      const expected = await uninterrupted();
      const [first, ...later] = [2, 9, 16, 25, 33];
      const started = lorafit(trainArgs);
      await started.shows(new RegExp(`"step-end","step":${first},`));
      started.kill("SIGKILL");
      expect((await started.finished).signal).toBe("SIGKILL");
      const [run] = runs();
      for (const step of later) {
        const resumed = lorafit([...trainArgs, "--resume", run!]);
        await resumed.shows(new RegExp(`"step-end","step":${step},`));
        resumed.kill("SIGKILL");
        await resumed.finished;
      }
      const last = await lorafit([...trainArgs, "--resume", run!]).finished;
      expect(last.code, last.stderr).toBe(0);
      const start = jsonLines(last).find((event) => event["event"] === "run-start")!;
      expect(start["from"]).toBeGreaterThanOrEqual(28);
      expect(adapterOf(run!).equals(expected)).toBe(true);
      const again = await lorafit([...trainArgs, "--resume", run!]).finished;
      expect(again.code).toBe(0);
      expect(adapterOf(run!).equals(expected)).toBe(true);
      expect(readdirSync(join(run!, "checkpoints")).filter((name) => name.endsWith(".tmp"))).toEqual([]);
      rmSync(run!, { recursive: true });
    },
    300_000,
  );

  test.skipIf(missing !== "")(
    "Ctrl-C ends at a step boundary with a checkpoint and exit code 130",
    async () => {
      const expected = await uninterrupted();
      const started = lorafit(trainArgs);
      await started.shows(/"step-end","step":6,/);
      started.kill("SIGINT");
      const stopped = await started.finished;
      expect(stopped.code).toBe(130);
      expect(stopped.stderr).toMatch(/stopped at step \d+ of 40/);
      const [run] = runs();
      const events = jsonLines(stopped);
      expect(events.at(-2)).toMatchObject({ event: "checkpoint-written" });
      const { code } = await lorafit([...trainArgs, "--resume", run!]).finished;
      expect(code).toBe(0);
      expect(adapterOf(run!).equals(expected)).toBe(true);
      rmSync(run!, { recursive: true });
    },
    300_000,
  );
});
