import type { UploadArray } from "./driver.ts";

/** TensorFlow.js as an engine uses it: the native package's instance, or the caller's. */
export type Tf = typeof import("@tensorflow/tfjs-core");

/** Methods of tfjs-node's backend: TensorFlow's own operations on tensors by id. */
export interface NodeBackend {
  readonly isUsingGpuDevice: boolean;
  readonly binding: NodeBinding;
}

export interface OpAttribute {
  readonly name: string;
  readonly type: number;
  readonly value: unknown;
}

export interface NodeBinding {
  readonly TF_ATTR_TYPE: number;
  readonly TF_ATTR_BOOL: number;
  readonly TF_ATTR_INT: number;
  readonly TF_Version: string;
  createTensor(shape: readonly number[], dtype: number, data: UploadArray): number;
  deleteTensor(id: number): void;
  getNumOfTensors(): number;
  tensorDataSync(id: number): Float32Array;
  executeOp(
    name: string,
    attributes: readonly OpAttribute[],
    inputs: readonly number[],
    outputs: number,
  ): { readonly id: number }[];
}

/** The native backend of this instance, when it runs on one. */
export function nodeBackend(tf: Tf): NodeBackend | undefined {
  const backend = tf.backend() as object as Partial<NodeBackend>;
  return typeof backend.binding?.executeOp === "function" ? (backend as NodeBackend) : undefined;
}
