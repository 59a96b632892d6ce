import type { Tensor } from "onnxruntime-node";
import type { ElementType } from "../../formats/onnx.ts";
import type { Program, Value } from "../../program/program.ts";
import type { HostArray, HostTensor, Tensors } from "../engine.ts";
import { feedOf } from "../feed.ts";
import type { Runtime } from "./runtime.ts";

/**
 * The feed of an input as a tensor of onnxruntime. int64 and bool take the arrays of i64 and u8 values as they are; int32 takes
 * i64 values, converted.
 * @throws Error if it is missing, has another shape, or is of a type that cannot be fed
 */
export function feedTensor(
  { Tensor }: Runtime,
  program: Program,
  value: Value,
  element: ElementType,
  given: Tensors,
): Tensor {
  const { shape, data } = feedOf(program, value, given);
  switch (element) {
    case "float":
      return new Tensor(
        "float32",
        data instanceof Float32Array ? data : Float32Array.from(data as Float64Array),
        shape,
      );
    case "int64":
      return new Tensor("int64", data as BigInt64Array, shape);
    case "int32":
      return new Tensor(
        "int32",
        data instanceof BigInt64Array ? Int32Array.from(data, Number) : (data as Int32Array),
        shape,
      );
    case "uint8":
    case "bool":
      return new Tensor(element, data as Uint8Array, shape);
    default:
      throw new Error(`input ${value.name}: ${value.dtype} cannot be fed`);
  }
}

/** A result of onnxruntime in host memory. */
export const hostTensor = ({ dims, data }: Tensor): HostTensor => ({
  shape: [...dims],
  data: data as HostArray,
});
