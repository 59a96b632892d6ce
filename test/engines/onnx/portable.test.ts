import ort from "onnxruntime-node";
import { describe, expect, it } from "vitest";
import type { OpCase } from "../../../src/engines/conformance/case-inputs.ts";
import { CASES } from "../../../src/engines/conformance/cases.ts";
import { prepareCase, relativeError, runOn, TOLERANCE } from "../../../src/engines/conformance/run.ts";
import type { HostTensor, Tensors } from "../../../src/engines/engine.ts";
import { memoryWeights } from "../../../src/engines/memory-weights.ts";
import { lowerProgram } from "../../../src/engines/onnx/lower.ts";
import { referenceEngine } from "../../../src/engines/reference/reference.ts";
import { encodeOnnx, MICROSOFT } from "../../../src/formats/onnx.ts";
import { injectLora } from "../../../src/lora/inject.ts";
import { decodingProgram } from "../../../src/model/programs.ts";
import type { OpName } from "../../../src/ops/attrs.ts";
import type { Program } from "../../../src/program/program.ts";
import { createRng } from "../../../src/rng.ts";
import { logitsProgram } from "../../../src/train/programs.ts";
import { expectClose } from "../../expect-close.ts";
import { randomAdapter, randomWeights, tinyConfig } from "../../tiny-model.ts";

const FORWARD = [
  "embed",
  "columnIndex",
  "add",
  "multiply",
  "scale",
  "linear",
  "loraLinear",
  "rmsNorm",
  "layerNorm",
  "gelu",
  "splitColumns",
  "gatedConv",
  "cachedGatedConv",
  "rope",
  "attention",
  "cachedAttention",
  "gatedMlp",
  "gatherRows",
] as const satisfies OpName[];

function portable(program: Program, weights: Tensors) {
  const graph = lowerProgram(program, {
    profile: "portable",
    weight: (name) => ({ data: weights[name]!.data as Float32Array }),
  });
  expect(graph.nodes.filter(({ domain }) => domain === MICROSOFT)).toEqual([]);
  return ort.InferenceSession.create(encodeOnnx(graph), { intraOpNumThreads: 1, logSeverityLevel: 3 });
}

const TYPES = { Float32Array: "float32", BigInt64Array: "int64", Uint8Array: "uint8" } as const;
const tensorOf = ({ shape, data }: HostTensor): ort.Tensor =>
  new ort.Tensor(TYPES[data.constructor.name as keyof typeof TYPES], data as Float32Array, shape);
const tensors = (feeds: Tensors): Record<string, ort.Tensor> =>
  Object.fromEntries(Object.entries(feeds).map(([name, value]) => [name, tensorOf(value)]));

describe.each(FORWARD)("%s in standard operators", (op) => {
  it.each((CASES[op] as readonly OpCase[]).map((opCase) => [opCase.name, opCase] as const))(
    "%s",
    async (_, opCase) => {
      const prepared = await prepareCase(op, opCase);
      const expected = await runOn(referenceEngine, prepared);
      const session = await portable(prepared.program, prepared.weights);
      const actual = await session.run(tensors(prepared.feeds));
      for (const [name, value] of Object.entries(expected.outputs)) {
        const { dims, data } = actual[name]!;
        expect(dims, name).toEqual(value.shape);
        expect(relativeError({ shape: dims, data: data as Float32Array }, value), name).toBeLessThanOrEqual(
          TOLERANCE,
        );
      }
      await session.release();
    },
  );
});

describe("the decoding Program with symbolic sizes", () => {
  const config = tinyConfig();
  const weights = randomWeights(config);
  const rng = createRng("ids");
  const ids = Array.from({ length: 2 * 7 }, () => rng.int(config.vocabSize));
  const integers = (shape: number[], values: readonly number[]): ort.Tensor =>
    new ort.Tensor("int64", BigInt64Array.from(values, BigInt), shape);

  /** Columns `from` to `to` of both rows, after a past of `from` columns. */
  function feeds(from: number, to: number, past: Record<string, ort.Tensor>): Record<string, ort.Tensor> {
    const columns = Array.from({ length: to - from }, (_, i) => from + i);
    return {
      input_ids: integers(
        [2, to - from],
        [...columns.map((c) => ids[c]!), ...columns.map((c) => ids[7 + c]!)],
      ),
      position_ids: integers([2, to - from], [...columns, ...columns]),
      attention_mask: integers([2, to], Array(2 * to).fill(1)),
      ...past,
    };
  }

  const pastOf = (outputs: ort.InferenceSession.OnnxValueMapType | undefined): Record<string, ort.Tensor> =>
    Object.fromEntries(
      Array.from({ length: config.layers }, (_, layer) =>
        ["key", "value"].map((kind) => [layer, kind] as const),
      )
        .flat()
        .map(([layer, kind]) => [
          `past_key_values.${layer}.${kind}`,
          (outputs?.[`present.${layer}.${kind}`] as ort.Tensor | undefined) ??
            new ort.Tensor("float32", new Float32Array(0), [2, config.kvHeads, 0, config.headDim]),
        ]),
    );

  async function expectedLogits(parameters: Tensors, program: Program): Promise<HostTensor> {
    const memory = memoryWeights(weights);
    const session = await referenceEngine.open(memory);
    await session.writeState(parameters);
    const grid = (values: number[]): HostTensor => ({
      shape: [2, 7],
      data: BigInt64Array.from(values, BigInt),
    });
    const { outputs } = await (await session.compile(program)).run({
      input_ids: grid(ids),
      positions: grid(ids.map((_, i) => i % 7)),
      segments: grid(ids.map(() => 1)),
    });
    await session.close();
    return outputs["logits"]!;
  }

  const row = (logits: ort.Tensor | HostTensor, b: number, column: number, width: number): number[] => {
    const V = config.vocabSize;
    const at = (b * width + column) * V;
    return Array.from(logits.data.slice(at, at + V) as Float32Array);
  };

  it("gives the logits of the whole row when it is fed in pieces", async () => {
    const expected = await expectedLogits({}, logitsProgram(config, null, 2, 7));
    const session = await portable(decodingProgram(config), weights);
    let past = pastOf(undefined);
    for (const [from, to] of [
      [0, 4],
      [4, 5],
      [5, 7],
    ] as const) {
      const outputs = await session.run(feeds(from, to, past));
      for (const b of [0, 1]) {
        for (let c = from; c < to; c++) {
          expectClose(
            row(outputs["logits"] as ort.Tensor, b, c - from, to - from),
            row(expected, b, c, 7),
            1e-5,
          );
        }
      }
      past = pastOf(outputs);
    }
    await session.release();
  });

  it("takes factors of any rank; with rank 0 it gives the base bit for bit", async () => {
    const { layout, parameters } = randomAdapter(config);
    const expected = await expectedLogits({ parameters }, logitsProgram(config, layout, 2, 7));
    const session = await portable(injectLora(decodingProgram(config), layout, "inputs"), weights);
    const factors = (make: (i: number) => ort.Tensor): Record<string, ort.Tensor> =>
      Object.fromEntries(
        layout.tensors.map(({ module, kind }, i) => [`${module}.lora_${kind}.weight`, make(i)]),
      );
    const full = factors((i) => {
      const { shape, offset, size, kind, module } = layout.tensors[i]!;
      const { scale } = layout.modules.find((one) => one.module === module)!;
      const data = (parameters.data as Float32Array).slice(offset, offset + size);
      return new ort.Tensor("float32", kind === "B" ? data.map((x) => x * scale) : data, shape);
    });
    const none = factors((i) => {
      const { shape, kind } = layout.tensors[i]!;
      return new ort.Tensor("float32", new Float32Array(0), kind === "A" ? [0, shape[1]!] : [shape[0]!, 0]);
    });
    const tuned = await session.run({ ...feeds(0, 7, pastOf(undefined)), ...full });
    expectClose(tuned["logits"]!.data as Float32Array, expected.data as Float64Array, 1e-5);
    const bare = await session.run({ ...feeds(0, 7, pastOf(undefined)), ...none });
    const base = await portable(decodingProgram(config), weights);
    expect(bare["logits"]!.data).toEqual((await base.run(feeds(0, 7, pastOf(undefined))))["logits"]!.data);
    await session.release();
    await base.release();
  });
});
