import ort from "onnxruntime-node";
import { describe, expect, it } from "vitest";
import { LorafitError } from "../../src/errors.ts";
import { encodeOnnx, type OnnxGraph, readOnnx } from "../../src/formats/onnx.ts";
import { createRng } from "../../src/rng.ts";

const floats = (...values: number[]): Uint8Array => new Uint8Array(Float32Array.from(values).buffer);

/** y = alpha x wᵀ, then the last -1 rows of a slice: floats, negative integers, lists, texts, symbolic sizes. */
const GRAPH: OnnxGraph = {
  name: "small",
  nodes: [
    {
      op: "Gemm",
      domain: "",
      inputs: ["x", "w"],
      outputs: ["product"],
      attributes: { transB: 1, alpha: { float: 0.5 } },
    },
    {
      op: "ReduceMax",
      domain: "",
      inputs: ["product"],
      outputs: ["most"],
      attributes: { axes: [-1], keepdims: 1 },
    },
    {
      op: "QuickGelu",
      domain: "com.microsoft",
      inputs: ["most"],
      outputs: ["y"],
      attributes: { alpha: { float: 1 } },
    },
  ],
  initializers: [{ name: "w", type: "float", shape: [2, 3], data: floats(1, 2, 3, 4, 5, 6) }],
  inputs: [{ name: "x", type: "float", shape: ["rows", 3] }],
  outputs: [{ name: "y", type: "float", shape: ["rows", 1] }],
};

describe("ONNX files", () => {
  it("are what onnxruntime reads", async () => {
    const session = await ort.InferenceSession.create(encodeOnnx(GRAPH));
    const { y } = await session.run({
      x: new ort.Tensor("float32", Float32Array.of(1, 0, 0, 0, 0, 2), [2, 3]),
    });
    const silu = (v: number): number => v / (1 + Math.exp(-v));
    expect(y!.dims).toEqual([2, 1]);
    for (const [i, v] of [2, 6].entries()) expect(y!.data[i]).toBeCloseTo(silu(v), 5);
  });

  it("give back inputs, outputs, initialisers, versions and metadata", () => {
    const outside = { location: "w.bin", offset: 2 ** 40, length: 24 };
    const graph = { ...GRAPH, initializers: [{ ...GRAPH.initializers[0]!, data: outside }] };
    expect(readOnnx(encodeOnnx(graph, { __proto__x: "", rank: "8" }), "small.onnx")).toEqual({
      irVersion: 8,
      opsets: new Map([
        ["", 17],
        ["com.microsoft", 1],
      ]),
      inputs: GRAPH.inputs,
      outputs: GRAPH.outputs,
      initializers: [{ name: "w", shape: [2, 3] }],
      metadata: new Map([
        ["__proto__x", ""],
        ["rank", "8"],
      ]),
    });
  });

  it("keep large tensors by reference until the end, byte for byte", () => {
    const data = new Uint8Array(70_000).map((_, i) => i * 7);
    const graph = { ...GRAPH, initializers: [{ name: "w", type: "uint8" as const, shape: [70_000], data }] };
    const bytes = encodeOnnx(graph);
    const at = Buffer.from(bytes).indexOf(Buffer.from(data));
    expect(at).toBeGreaterThan(0);
    expect(readOnnx(bytes, "x").initializers).toEqual([{ name: "w", shape: [70_000] }]);
  });

  it("that are cut off anywhere are refused in one line or read without their tail", () => {
    const bytes = encodeOnnx(GRAPH, { rank: "8" });
    for (let length = 0; length < bytes.length; length++) {
      try {
        readOnnx(bytes.subarray(0, length), "cut.onnx");
      } catch (error) {
        expect(LorafitError.is(error), `length ${length}: ${error}`).toBe(true);
        expect((error as Error).message).toMatch(/^cut\.onnx: .+$/);
      }
    }
    expect(() => readOnnx(bytes.subarray(0, bytes.length >> 1), "cut.onnx")).toThrow(
      /longer than what is there/,
    );
  });

  it("of noise never do worse than a data error", () => {
    const rng = createRng("noise");
    const bytes = encodeOnnx(GRAPH);
    for (let round = 0; round < 2000; round++) {
      const changed = bytes.slice();
      for (let n = 0; n < 3; n++) changed[rng.int(changed.length)] = rng.int(256);
      try {
        readOnnx(changed, "noise.onnx");
      } catch (error) {
        expect(LorafitError.is(error) && error.kind === "data", String(error)).toBe(true);
      }
    }
  });

  it("refuses what is no model at all", () => {
    expect(() => readOnnx(new Uint8Array(0), "empty.onnx")).toThrow(/empty\.onnx: no ONNX model/);
    expect(() => readOnnx(new TextEncoder().encode("{}"), "a.json")).toThrow(LorafitError);
    const endless = new Uint8Array(64).fill(0xff);
    expect(() => readOnnx(endless, "x")).toThrow(/longer than ten bytes/);
  });
});
