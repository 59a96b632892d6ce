import { describe, expect, test } from "vitest";
import { n, weight } from "../../../src/engines/conformance/case-inputs.ts";
import { referenceFor } from "../../../src/engines/conformance/rounded.ts";
import { BF16_TOLERANCE, prepareCase, relativeError, runOn } from "../../../src/engines/conformance/run.ts";
import { cudaEngine } from "../../../src/engines/cuda/cuda.ts";
import { lowerProgram } from "../../../src/engines/cuda/lowering/lower.ts";
import type { HostTensor, Tensors } from "../../../src/engines/engine.ts";
import { memoryWeights } from "../../../src/engines/memory-weights.ts";
import { dequantise, type PackedFormat, quantise } from "../../../src/formats/quantise.ts";
import { chat } from "../../../src/kinds/chat/chat.ts";
import type { OpName } from "../../../src/ops/attrs.ts";
import { frozenPacked } from "../../../src/program/precision.ts";
import { trainingPrograms } from "../../../src/train/programs.ts";
import {
  OPTIMIZER,
  randomAdapter,
  randomWeights,
  tinyConfig,
  tinyFeeds,
  updateFeeds,
} from "../../tiny-model.ts";
import { library, missing } from "./emulator.ts";
import { inBf16 } from "./training.ts";

process.env["LORAFIT_CUDA_DRIVER"] = library;

const T = [2, 3] as const;
const lora = { scale: 1.7, dropout: 0 };
/** Rows in no multiple of 8, and more than one block of threads. */
const CASES = [
  ["linear", { x: n(...T, 64), weight: weight(45, 64), bias: weight(45) }, {}],
  ["linearGrad", { dy: n(...T, 45), weight: weight(45, 64) }, {}],
  [
    "loraLinear",
    { x: n(...T, 64), weight: weight(45, 64), A: n(3, 64), B: n(45, 3) },
    { ...lora, hasBias: false },
  ],
  [
    "loraLinearGrad",
    {
      dy: n(...T, 45),
      x: n(...T, 64),
      weight: weight(45, 64),
      A: n(3, 64),
      B: n(45, 3),
      loraHidden: n(...T, 3),
    },
    { ...lora, needsInput: true },
  ],
] as const;

const config = tinyConfig({ hidden_size: 64, intermediate_size: 96 });
const { layout, parameters } = randomAdapter(config);
const { batch, sequence, labelled, count, feeds } = tinyFeeds(config);
const programsOn = (packed?: PackedFormat) =>
  trainingPrograms({
    ...{ model: config, layout, shape: { batch, sequence, labelled }, kind: chat, optimizer: OPTIMIZER },
    ...{ dropout: 0, recompute: false, precision: "bf16", packed },
  });

describe.skipIf(missing !== null).each(["q8_0", "q4_0"] as const)("frozen matrices in %s", (packed) => {
  test.each(CASES)("%s equals the operation on the unpacked values", async (op, inputs, attrs) => {
    const prepared = await prepareCase(
      op as OpName,
      { name: packed, inputs: inputs as never, attrs: attrs as never },
      "bf16",
    );
    const program = frozenPacked(prepared.program, packed);
    expect(program.values.filter((value) => value.packed === packed)).toHaveLength(1);
    const blocks = { ...prepared, program, weights: inBf16(prepared.weights) };
    const expected = await runOn(referenceFor(cudaEngine), blocks);
    const actual = await runOn(cudaEngine, blocks);
    const unpacked = await runOn(referenceFor(cudaEngine), { ...blocks, program: prepared.program });
    for (const [name, value] of Object.entries(expected.outputs)) {
      expect(relativeError(actual.outputs[name]!, value), name).toBeLessThanOrEqual(BF16_TOLERANCE);
      // Outputs that depend on W differ from those of the unpacked weights: 4 bits are far coarser than bf16.
      const takesPart = !name.startsWith("d_lora") && name !== "lora_hidden";
      if (packed === "q4_0" && takesPart)
        expect(relativeError(actual.outputs[name]!, unpacked.outputs[name]!)).toBeGreaterThan(BF16_TOLERANCE);
    }
  });

  test("train to the same bits as their unpacked values in bf16", async () => {
    const train = async (as: PackedFormat | undefined, weights: Tensors): Promise<Tensors> => {
      const memory = memoryWeights(weights);
      const session = await cudaEngine.open(memory);
      const zeros = { shape: parameters.shape, data: new Float32Array(layout.size) };
      await session.writeState({ parameters, moment1: zeros, moment2: zeros });
      const step = await session.compile(programsOn(as).step);
      // From the second run on, a captured graph.
      for (let t = 1; t <= 4; t++) await step.run({ ...feeds, ...updateFeeds(count, 1e-2, t) });
      const state = await session.readState();
      await session.close();
      memory.dispose();
      return state;
    };
    const weights = randomWeights(config);
    const { values } = programsOn(packed).step;
    const held = Object.entries(weights).map(([name, tensor]): [string, HostTensor] => {
      if (values.find((value) => value.name === name)?.packed === undefined) return [name, tensor];
      return [name, { ...tensor, data: dequantise(packed, quantise(packed, tensor.data as Float32Array)) }];
    });
    const state = await train(packed, weights);
    expect(state).toEqual(await train(undefined, Object.fromEntries(held)));
    expect(state).not.toEqual(await train(undefined, weights));
  });

  test("take the planned memory in a session, and save the format's share", async () => {
    const programs = programsOn(packed);
    const planned = cudaEngine.deviceMemory!(Object.values(programs));
    const memory = memoryWeights(randomWeights(config));
    const session = await cudaEngine.open(memory);
    const zeros = { shape: parameters.shape, data: new Float32Array(layout.size) };
    await session.writeState({ parameters, moment1: zeros, moment2: zeros, gradient: zeros });
    for (const program of Object.values(programs)) await session.compile(program);
    expect(planned.weights + planned.state + planned.activations).toBe(session.memory().liveBytes);
    await session.close();
    memory.dispose();
    const unpacking = lowerProgram(programs.step).list.commands.filter(
      (command) => "call" in command && command.call.kernel === `dequantise_${packed}`,
    );
    // q, k and v; o; gate and up; down: forward and backward, in two layers.
    expect(unpacking).toHaveLength(16);
    // Two layers of 64 x 64 twice, 32 x 64 twice, 96 x 64 three times.
    const values = 2 * (2 * 64 * 64 + 2 * 32 * 64 + 3 * 96 * 64);
    const saved = cudaEngine.deviceMemory!([programsOn().step]).weights - planned.weights;
    const bytes = packed === "q8_0" ? 34 / 32 : 18 / 32;
    // In bf16 the LoRA columns and rows are stored beside W: 8 of each for q, k and v.
    expect(saved).toBeGreaterThan((2 - bytes) * values);
  });

  test("leave in bf16 the embedding, the head and matrices whose rows are not whole blocks", () => {
    const narrow = tinyConfig({ hidden_size: 64, intermediate_size: 92 });
    const adapter = randomAdapter(narrow);
    const { step } = trainingPrograms({
      ...{
        model: narrow,
        layout: adapter.layout,
        shape: { batch, sequence, labelled },
        kind: chat,
        optimizer: OPTIMIZER,
      },
      ...{ dropout: 0, recompute: false, precision: "bf16", packed },
    });
    const kept = step.weights
      .map((id) => step.values[id]!)
      .filter(({ shape, packed }) => shape.length === 2 && packed === undefined);
    const names = kept.map(({ name }) => name.replace(/^model\.(layers\.\d\.)?/, ""));
    expect([...new Set(names)].sort()).toEqual(["embed_tokens.weight", "mlp.down_proj.weight"]);
  });
});
