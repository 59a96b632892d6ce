import { describe } from "vitest";
import { loadNativeTf, probeNativeTf } from "../../../src/engines/tfjs/native.ts";
import { nodeBackend } from "../../../src/engines/tfjs/node-binding.ts";
import { nativeTfjsEngine } from "../../../src/engines/tfjs/tfjs.ts";
import { describeGoldens } from "../../golden/peft.ts";
import { describeConformance } from "../../ops/conformance.ts";
import { describePrograms } from "../programs.ts";
import { describeSession } from "./session.ts";

const probe = await probeNativeTf();
const reason = probe.usable ? "" : ` (skipped: ${probe.reason})`;

const backend = probe.usable ? nodeBackend(await loadNativeTf()) : undefined;

describe.skipIf(!probe.usable)(`native tfjs${reason}`, () => {
  describe("against reference", () => describeConformance(nativeTfjsEngine));
  describe("session", () =>
    describeSession(nativeTfjsEngine, () => backend!.binding.getNumOfTensors(), 1000));
  describe("whole training Programs", () => describePrograms(nativeTfjsEngine));
  // Nine variants of ten agree to 1e-4; in one, a sum between two bf16 numbers goes the other way, and 4e-3 comes of it.
  // Without any rounding the gradient is off by 0.04 to 0.1.
  describe("whole training Programs in bf16, against the rounded reference", () =>
    describePrograms(nativeTfjsEngine, "bf16", 5e-3));
  // float32, as in test/golden/peft.test.ts.
  describe("against PyTorch + PEFT", () => describeGoldens(nativeTfjsEngine, 1e-4));
});
