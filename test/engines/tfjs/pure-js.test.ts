import * as tf from "@tensorflow/tfjs-core";
import "@tensorflow/tfjs-backend-cpu";
import { describe } from "vitest";
import { tfjsEngine } from "../../../src/engines/tfjs/tfjs.ts";
import { describeGoldens } from "../../golden/peft.ts";
import { describeConformance } from "../../ops/conformance.ts";
import { describePrograms } from "../programs.ts";
import { describeSession } from "./session.ts";

const engine = tfjsEngine(tf);

describe("tfjs in plain JavaScript against reference", () => describeConformance(engine));
describe("a session in plain JavaScript", () => describeSession(engine, () => tf.memory().numTensors, 100));
describe("tfjs in plain JavaScript, whole training Programs", () => describePrograms(engine));
// float32, as in test/golden/peft.test.ts.
describe("tfjs in plain JavaScript against PyTorch + PEFT", () => describeGoldens(engine, 1e-4));
