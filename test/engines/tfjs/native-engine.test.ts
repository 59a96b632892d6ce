import { describe } from "vitest";
import { probeNativeTf } from "../../../src/engines/tfjs/native.ts";
import { nativeTfjsEngine } from "../../../src/engines/tfjs/tfjs.ts";
import { describeGoldens } from "../../golden/peft.ts";
import { describeConformance } from "../../ops/conformance.ts";

const probe = await probeNativeTf();
const reason = probe.usable ? "" : ` (skipped: ${probe.reason})`;

describe.skipIf(!probe.usable)(`native tfjs${reason}`, () => {
  describe("against reference", () => describeConformance(nativeTfjsEngine));
  // float32, as in test/golden/peft.test.ts.
  describe("against PyTorch + PEFT", () => describeGoldens(nativeTfjsEngine, 1e-4));
});
