import { describe, vi } from "vitest";
import { webgpuEngine } from "../../../src/engines/webgpu/webgpu.ts";
import { describeGoldens } from "../../golden/peft.ts";
import { describeConformance } from "../../ops/conformance.ts";
import { useSoftwareVulkan } from "../../vulkan.ts";
import { describePrograms, VARIANTS } from "../programs.ts";
import { describeSession } from "./session.ts";

const missing = useSoftwareVulkan();
// Compiling the shaders of one case takes seconds, a minute on a busy machine.
vi.setConfig({ testTimeout: 300_000 });
const named = (what: string): string => (missing === null ? what : `${what}: skipped, ${missing}`);

/** SwiftShader compiles each shape's shaders for seconds: LORAFIT_TEST_ALL runs every base and variant. */
const all = process.env["LORAFIT_TEST_ALL"] !== undefined;
const bases = all ? {} : { only: ["llama-tiny", "gemma3", "lfm2"] };
const variants = VARIANTS.filter(({ name }) => all || ["all linears", "dropout, recomputed"].includes(name));

describe.skipIf(missing !== null)(named("webgpu on SwiftShader"), () => {
  describe("every operation against reference", () => describeConformance(webgpuEngine));
  describe("a session", () => describeSession());
  describe("whole training Programs", () => describePrograms(webgpuEngine, "float32", variants));
  // AdamW's steps: a gradient of 1e-6 of the largest moves its parameter as far as that one.
  describe("against PyTorch + PEFT", () => describeGoldens(webgpuEngine, 1e-4, { ...bases, steps: 1e-3 }));
});
