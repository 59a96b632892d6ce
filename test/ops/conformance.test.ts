import { describe } from "vitest";
import { onnxEngine } from "../../src/engines/onnx/onnx.ts";
import { describeConformance } from "./conformance.ts";

describe("onnx against reference", () => describeConformance(onnxEngine));
