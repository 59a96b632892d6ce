import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { library, missing } from "../engines/cuda/emulator.ts";
import { smallTask } from "../train/small-task.ts";
import { jsonLines, lorafit } from "./lorafit.ts";

const MIB = 2 ** 20;

/** An unusable device, and the reason that must be reported. */
const REFUSED = [
  { device: { EMU_DEVICES: "0" }, said: /CUDA_ERROR_NO_DEVICE|cuDeviceGetCount/ },
  { device: { EMU_CAPABILITY: "75" }, said: /has compute capability 7\.5, and the kernels need 8\.0/ },
  { device: { EMU_DRIVER: "11020" }, said: /is for CUDA 11\.2, and the kernels need 11\.4/ },
  { device: { EMU_BYTES: String(600 * MIB) }, said: /has 600 MiB free/ },
  { device: { LORAFIT_CUDA_DRIVER: "libcuda-of-nobody.so" }, said: /no NVIDIA driver/ },
] as const;

describe.skipIf(missing !== null)("the cuda engine from the command line, on the emulator", () => {
  const env = { LORAFIT_CUDA_DRIVER: library };

  test.each(REFUSED)(
    "$device: one line with the reason, exit code 6, and nothing left behind",
    async (row) => {
      const folder = smallTask();
      const task = ["train", folder, "--engine", "cuda"];
      const { code, stderr } = await lorafit(task, { env: { ...env, ...row.device } }).finished;
      expect(code).toBe(6);
      const [line, hint] = stderr.trim().split("\n");
      expect(line).toMatch(/^error: --engine cuda cannot run here: cuda: /);
      expect(line).toMatch(row.said);
      expect(hint).toContain("lorafit doctor");
      expect(readdirSync(folder)).not.toContain("runs");
    },
  );

  test("auto takes the next engine, and doctor gives the reason", async () => {
    const old = { ...env, EMU_CAPABILITY: "75" };
    const finished = await lorafit(["doctor", "--json"], { env: old }).finished;
    expect(finished.code, finished.stderr).toBe(0);
    const events = jsonLines(finished);
    expect(events.find(({ engine }) => engine === "cuda")).toMatchObject({
      usable: false,
      reason: expect.stringContaining("compute capability 7.5"),
    });
    expect(events.at(-1)).toMatchObject({ event: "doctor-end", ok: true, trains_on: "onnx" });
  });

  test.each([
    ["train", (folder: string) => ["train", folder, "--engine", "cuda"]],
    ["doctor", () => ["doctor", "--json"]],
  ])("%s creates one context and loads the kernels once", async (_, args) => {
    const folder = smallTask({ max_steps: 2 });
    const report = join(folder, "contexts.txt");
    const { code, stderr } = await lorafit(args(folder), { env: { ...env, EMU_REPORT: report } }).finished;
    expect(code, stderr).toBe(0);
    expect(readFileSync(report, "utf8")).toBe("contexts 1, modules 1\n");
  });

  test("a driver too old for the native code gets the PTX", async () => {
    const folder = smallTask({ max_steps: 2 });
    const old = { ...env, EMU_REFUSES: "200" };
    const { code, stderr } = await lorafit(["train", folder, "--engine", "cuda"], { env: old }).finished;
    expect(code, stderr).toBe(0);
  });

  test("insufficient memory is an environment error with advice, and leaves no complete run", async () => {
    const folder = smallTask({ max_steps: 2 });
    // Free when the device was queried, and taken by others since.
    const short = { ...env, EMU_BYTES: String(1024 * MIB), EMU_TAKEN: String(1024 * MIB - 100_000) };
    const { code, stderr } = await lorafit(["train", folder, "--engine", "cuda"], { env: short }).finished;
    expect(code).toBe(6);
    expect(stderr).toMatch(/CUDA_ERROR_OUT_OF_MEMORY/);
    expect(stderr).toMatch(/smaller batch/);
  });

  test("precision float32 is refused with advice", async () => {
    const folder = smallTask();
    const task = ["train", folder, "--engine", "cuda", "--set", "precision=float32"];
    const { code, stderr } = await lorafit(task, { env }).finished;
    expect(code).toBe(2);
    expect(stderr).toContain("precision float32: the cuda engine computes in bf16 only");
  });
});
