import { readdirSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { probeNativeTf } from "../../src/engines/tfjs/native.ts";
import { smallTask } from "../train/small-task.ts";
import { jsonLines, lorafit } from "./lorafit.ts";

const native = await probeNativeTf();
const missing = native.usable
  ? native.gpu
    ? "(skipped: TensorFlow runs on a GPU)"
    : ""
  : `(skipped: ${native.reason})`;
/** TensorFlow with Eigen's kernels, as on a CPU without AVX-512. */
const env = { TF_ENABLE_ONEDNN_OPTS: "0" };

describe.skipIf(missing !== "")(`tfjs on a CPU that has no exact bf16 products ${missing}`, () => {
  test("bf16 by name is refused with the reason, before anything is written", async () => {
    const folder = smallTask({ max_steps: 2, precision: "bf16" });
    const { code, stderr } = await lorafit(["train", folder, "--engine", "tfjs"], { env }).finished;
    expect(code).toBe(2);
    expect(stderr).toMatch(
      /^error: precision bf16: the tfjs engine computes in float32 only here: TensorFlow does not sum bf16 products/m,
    );
    expect(readdirSync(folder)).not.toContain("runs");
  });

  test("float32 trains", async () => {
    const folder = smallTask({ max_steps: 2 });
    const { code, stderr } = await lorafit(["train", folder, "--engine", "tfjs"], { env }).finished;
    expect(code, stderr).toBe(0);
  });

  test("doctor states it as a fact and ends with 0", async () => {
    const finished = await lorafit(["doctor", "--json"], { env }).finished;
    expect(finished.code, finished.stderr).toBe(0);
    expect(jsonLines(finished).find(({ engine }) => engine === "tfjs")).toMatchObject({
      usable: true,
      failures: [],
      withheld: { bf16: expect.stringContaining("does not sum bf16 products in float32 on this CPU") },
    });
  });
});
