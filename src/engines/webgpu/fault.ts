import type { InferenceSession, Tensor } from "onnxruntime-node";
import { encodeOnnx, type OnnxGraph, type OnnxNode } from "../../formats/onnx.ts";
import type { BuiltGraph } from "../onnx/graph.ts";
import type { Runtime } from "../onnx/runtime.ts";
import { providerOptions } from "./provider.ts";

/** Tensors of a graph by name. */
type Values = Record<string, Tensor>;

/**
 * The first node of a graph that the provider computes otherwise than onnxruntime on the CPU, each node from the CPU's values: the
 * smallest graph that shows a fault.
 * @param tolerance relative to the largest entry of a tensor
 * @returns operator, attributes, inputs and what differs, in one line; null if each node by itself is right
 */
export async function firstFault(
  runtime: Runtime,
  graph: BuiltGraph,
  feeds: Readonly<Values>,
  tolerance: number,
): Promise<string | null> {
  const values: Values = { ...feeds };
  for (const node of graph.nodes) {
    const model = encodeOnnx(alone(graph, node));
    const given = Object.fromEntries(
      node.inputs.flatMap((name) => (values[name] === undefined ? [] : [[name, values[name]]])),
    ) as Values;
    const expected = await run(runtime, model, CPU, given);
    Object.assign(values, expected);
    const onHost = Object.fromEntries(node.outputs.map((name) => [name, "cpu" as const]));
    try {
      const actual = await run(runtime, model, providerOptions(onHost), given);
      for (const [i, name] of node.outputs.entries()) {
        const error = difference(actual[name]!, expected[name]!);
        if (!(error <= tolerance))
          return `${shown(graph, node)}: output ${i + 1} is off by ${error.toPrecision(2)}`;
      }
    } catch (error) {
      return `${shown(graph, node)}: ${(error as Error).message.split("\n")[0]}`;
    }
  }
  return null;
}

const CPU: InferenceSession.SessionOptions = { graphOptimizationLevel: "disabled", logSeverityLevel: 4 };

/** The node as a graph of its own, with the constants that it reads. */
function alone(graph: BuiltGraph, node: OnnxNode): OnnxGraph {
  const initializers = graph.initializers.filter(({ name }) => node.inputs.includes(name));
  const constants = new Set(initializers.map(({ name }) => name));
  const info = (name: string) => ({ ...graph.tensors.get(name)!, name });
  const inputs = [...new Set(node.inputs)].filter((name) => !constants.has(name));
  return {
    name: node.op,
    nodes: [node],
    initializers,
    inputs: inputs.map(info),
    outputs: node.outputs.map(info),
  };
}

async function run(
  runtime: Runtime,
  model: Uint8Array,
  options: InferenceSession.SessionOptions,
  given: Values,
): Promise<Values> {
  const session = await runtime.InferenceSession.create(model, options);
  try {
    return (await session.run(given)) as Values;
  } finally {
    await session.release();
  }
}

/** Largest difference relative to the largest entry of `expected`; Infinity for NaN. */
function difference(actual: Tensor, expected: Tensor): number {
  const [a, b] = [actual.data, expected.data] as [ArrayLike<number>, ArrayLike<number>];
  let [worst, largest] = [0, 1e-30];
  for (let i = 0; i < b.length; i++) {
    const apart = Math.abs(Number(a[i]) - Number(b[i]));
    if (!(apart <= Number.MAX_VALUE)) return Number.POSITIVE_INFINITY;
    worst = Math.max(worst, apart);
    largest = Math.max(largest, Math.abs(Number(b[i])));
  }
  return worst / largest;
}

/** Such as "Gemm(float[5,7], float[6,7]) {transB: 1}". */
function shown({ tensors }: BuiltGraph, { op, inputs, attributes }: OnnxNode): string {
  const types = inputs.map((name) => {
    const { type, shape } = tensors.get(name)!;
    return `${type}[${shape.join()}]`;
  });
  const set = Object.entries(attributes).map(
    ([key, value]) => `${key}: ${typeof value === "object" && "float" in value ? value.float : value}`,
  );
  return `${op}(${types.join(", ")})${set.length === 0 ? "" : ` {${set.join(", ")}}`}`;
}
