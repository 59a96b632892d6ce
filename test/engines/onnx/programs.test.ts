import { describe } from "vitest";
import { onnxEngine } from "../../../src/engines/onnx/onnx.ts";
import { describePrograms } from "../programs.ts";

describe("onnx, whole training Programs", () => describePrograms(onnxEngine));
