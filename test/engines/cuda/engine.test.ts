import { beforeAll, describe } from "vitest";
import { cudaEngine } from "../../../src/engines/cuda/cuda.ts";
import { describeRoundedGoldens } from "../../golden/peft.ts";
import { describeConformance } from "../../ops/conformance.ts";
import { Emulator, library, missing, ORDERS } from "./emulator.ts";
import { describeCurve, describeTraining } from "./training.ts";

process.env["LORAFIT_CUDA_DRIVER"] = library;

describe.skipIf(missing !== null).each(ORDERS)("on the emulator, blocks in %s order", (order) => {
  beforeAll(() => new Emulator().order(order));
  describe("against the rounded reference", () => describeConformance(cudaEngine));
});
describe.skipIf(missing !== null)("whole training Programs", () => {
  describeTraining(cudaEngine);
  describeCurve(cudaEngine);
});
describe.skipIf(missing !== null).each(["q8_0", "q4_0"] as const)("whole training Programs on %s", (packed) =>
  describeTraining(cudaEngine, { packed, sizes: { hidden_size: 64, intermediate_size: 96 } }),
);
// Factors of up to 2.4 were seen, in LFM2, whose convolution multiplies three rounded activations.
describe.skipIf(missing !== null)("against PyTorch + PEFT", () => describeRoundedGoldens(cudaEngine, 2.5));
