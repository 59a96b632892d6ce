import type { Driver, Run } from "./driver.ts";
import { type Call, type KernelName, paddingsOf } from "./kernels.ts";
import type { Tf } from "./node-binding.ts";

type Tensor = ReturnType<Tf["tensor"]>;
type Attributes = Parameters<ReturnType<Tf["engine"]>["runKernel"]>[2];
type NamedTensors = Readonly<Record<string, Tensor>>;

const PAIR = ["a", "b"];
const SINGLE = ["x"];
/** Input names of tfjs' kernels; "list" for kernels that take a list. */
const INPUTS: Readonly<Record<KernelName, readonly string[] | "list">> = {
  Add: PAIR,
  Sub: PAIR,
  Multiply: PAIR,
  RealDiv: PAIR,
  Minimum: PAIR,
  Equal: PAIR,
  GreaterEqual: PAIR,
  LogicalAnd: PAIR,
  BatchMatMul: PAIR,
  AddN: "list",
  Concat: "list",
  Sqrt: SINGLE,
  Rsqrt: SINGLE,
  Square: SINGLE,
  Log: SINGLE,
  Exp: SINGLE,
  Sigmoid: SINGLE,
  Erf: SINGLE,
  Softmax: ["logits"],
  Identity: SINGLE,
  ZerosLike: SINGLE,
  Cast: SINGLE,
  Sum: SINGLE,
  Mean: SINGLE,
  Max: SINGLE,
  Reshape: SINGLE,
  Transpose: SINGLE,
  Reverse: SINGLE,
  Slice: SINGLE,
  SplitV: SINGLE,
  PadV2: SINGLE,
  GatherV2: ["x", "indices"],
  GatherNd: ["params", "indices"],
  UnsortedSegmentSum: ["x", "segmentIds"],
};

/** Driver for every backend of TensorFlow.js, through its kernel registry. */
export function tfDriver(tf: Tf): Driver<Tensor> {
  const engine = tf.engine();
  return {
    device: `TensorFlow.js ${tf.version_core}, ${tf.getBackend()} backend`,
    upload(data, shape, dtype) {
      if (dtype === "bfloat16") throw new Error("tfjs: this backend has no bfloat16");
      return tf.tensor(data, [...shape], dtype);
    },
    prepare(call): Run<Tensor> {
      const attrs = attributesOf(call);
      const names = INPUTS[call.kernel];
      return (inputs) => {
        const named =
          names === "list" ? inputs : Object.fromEntries(names.map((name, i) => [name, inputs[i]!]));
        const result = engine.runKernel(call.kernel, named as NamedTensors, attrs);
        return Array.isArray(result) ? result : [result];
      };
    },
    read: async (tensor) => (await tensor.data()) as Float32Array,
    free: (tensor) => tensor.dispose(),
    close: () => {},
  };
}

/** Attributes as tfjs spells them. */
function attributesOf(call: Call): Attributes {
  const is = <Kernel extends KernelName>(kernel: Kernel): Call<Kernel> | undefined =>
    call.kernel === kernel ? (call as unknown as Call<Kernel>) : undefined;
  const reduction = is("Sum") ?? is("Mean");
  if (reduction !== undefined) return { axis: [reduction.attrs.axis], keepDims: reduction.attrs.keepDims };
  const max = is("Max");
  if (max !== undefined) return { reductionIndices: [max.attrs.axis], keepDims: max.attrs.keepDims };
  const split = is("SplitV");
  if (split !== undefined) return { numOrSizeSplits: [...split.attrs.sizes], axis: split.attrs.axis };
  const reverse = is("Reverse");
  if (reverse !== undefined) return { dims: [reverse.attrs.axis] };
  const pad = is("PadV2");
  if (pad !== undefined) {
    return { paddings: paddingsOf(pad.inputs[0]!.shape, pad.attrs), constantValue: 0 };
  }
  if (call.kernel === "GatherV2") return { axis: 0, batchDims: 0 };
  if (call.kernel === "Softmax") return { dim: call.inputs[0]!.shape.length - 1 };
  return { ...call.attrs };
}
