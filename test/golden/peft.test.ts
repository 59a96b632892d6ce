import { describe } from "vitest";
import { onnxEngine } from "../../src/engines/onnx/onnx.ts";
import { referenceEngine } from "../../src/engines/reference/reference.ts";
import { describeGoldens } from "./peft.ts";

/**
 * Tolerances. `reference` computes in float64: 1e-11 covers the order of sums (1e-14 to 2e-13 seen) and AdamW, which divides
 * by |gradient| + 1e-8 and so amplifies the error of a small gradient. `onnx` computes in float32: a PyTorch float32 run differs
 * from float64 by 2e-6 in gradients and 3e-5 in steps.
 */
const ENGINES = [
  { engine: referenceEngine, tolerance: 1e-11 },
  { engine: onnxEngine, tolerance: 1e-4 },
];

describe.each(ENGINES)("$engine.name against PyTorch + PEFT", ({ engine, tolerance }) =>
  describeGoldens(engine, tolerance),
);
