import type { GeluForm } from "../../ops/attrs.ts";
import type { ProgramBuilder } from "../../program/builder.ts";
import type { ValueId } from "../../program/program.ts";
import type { Linear } from "../family.ts";

/** transformers' names of GELU (activations.py) and the form that each computes. */
export const GELU_FORMS: Readonly<Record<string, GeluForm>> = {
  gelu: "erf",
  gelu_new: "tanh",
  gelu_pytorch_tanh: "tanh",
};

/** x [..,in] -> [..,out], named after the layer. */
export function project(b: ProgramBuilder, { path, shape, bias }: Linear, x: ValueId): ValueId {
  const inputs = {
    x,
    bias: bias ? b.weight(`${path}.bias`, [shape[0]]) : undefined,
    weight: b.weight(`${path}.weight`, shape),
  };
  return b.node("linear", inputs, {}, { names: { y: path } }).y;
}

/** LayerNorm with weight and, unless `biased` is false, bias. */
export function layerNorm(
  b: ProgramBuilder,
  x: ValueId,
  module: string,
  eps: number,
  { biased = true }: { readonly biased?: boolean } = {},
): ValueId {
  const width = [b.value(x).shape.at(-1)!];
  const inputs = {
    x,
    weight: b.weight(`${module}.weight`, width),
    bias: biased ? b.weight(`${module}.bias`, width) : undefined,
  };
  return b.node("layerNorm", inputs, { eps }).y;
}
