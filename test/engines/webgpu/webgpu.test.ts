import { describe } from "vitest";
import { webgpuEngine } from "../../../src/engines/webgpu/webgpu.ts";
import { describeGoldens } from "../../golden/peft.ts";
import { describeConformance } from "../../ops/conformance.ts";
import { useSoftwareVulkan } from "../../vulkan.ts";
import { describePrograms } from "../programs.ts";
import { describeSession } from "./session.ts";

const missing = useSoftwareVulkan();
const named = (what: string): string => (missing === null ? what : `${what}: skipped, ${missing}`);

describe.skipIf(missing !== null)(named("webgpu on SwiftShader"), () => {
  describe("every operation against reference", () => describeConformance(webgpuEngine));
  describe("a session", () => describeSession());
  describe("whole training Programs", () => describePrograms(webgpuEngine));
  describe("against PyTorch + PEFT", () => describeGoldens(webgpuEngine, 1e-4));
});
