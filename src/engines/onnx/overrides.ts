import type { Lowering, Lowerings } from "../library/lowering.ts";
import { LOWERINGS } from "../library/ops/index.ts";
import { dropped } from "../library/ops/lora-linear.ts";
import { normRows, offsetWeight } from "../library/ops/rms-norm.ts";
import { anglesOf } from "../library/ops/rope.ts";
import type { Profile, Ref } from "./graph.ts";
import type { OnnxBuilder } from "./onnx-builder.ts";

/** Only bf16 Programs contain casts. */
const cast: Lowering<"cast"> = () => {
  throw new Error("onnx engine: computes in float32 only");
};

const rmsNorm: Lowering<"rmsNorm"> = ({ b, rows, grid, attrs }) => {
  const weight = grid("weight");
  const x = normRows(b, rows("x"), weight) as Ref;
  const attributes = { axis: -1, epsilon: { float: attrs.eps }, stash_type: 1 };
  const shapes = [x.shape, [x.shape[0]!, 1]];
  const inputs = [x, offsetWeight(b, weight, attrs.offset) as Ref];
  const [y, rstd] = (b as OnnxBuilder).nodes("SimplifiedLayerNormalization", inputs, attributes, shapes);
  return { y: y!, rstd: rstd! };
};

const layerNorm: Lowering<"layerNorm"> = ({ b, node, rows, grid, attrs }) => {
  const x = rows("x") as Ref;
  const attributes = { axis: -1, epsilon: { float: attrs.eps }, stash_type: 1 };
  const bias = node.inputs.bias === undefined ? [] : [grid("bias") as Ref];
  const inputs = [x, grid("weight") as Ref, ...bias];
  const shapes = [x.shape, [x.shape[0]!, 1], [x.shape[0]!, 1]];
  const outputs = (b as OnnxBuilder).nodes("LayerNormalization", inputs, attributes, shapes);
  return { y: outputs[0]!, mean: outputs[1]!, rstd: outputs[2]! };
};

const gelu: Lowering<"gelu"> = ({ b, rows, attrs }) => ({
  y: (b as OnnxBuilder).each(attrs.form === "erf" ? "Gelu" : "FastGelu", rows("x") as Ref),
});

/** One node for all heads. Rows of the tables are gathered first, because a table may have a hundred thousand rows. */
const rope: Lowering<"rope"> = (c) => {
  const { grid, attrs, shape } = c;
  const g = c.b as OnnxBuilder;
  const [B, S] = shape("positions") as [number, number];
  const x = grid("x") as Ref;
  const order = g.range([B, S]);
  const { cos, sin } = anglesOf(c) as { cos: Ref; sin: Ref };
  const signed = attrs.inverse ? g.share(`/neg/${sin.name}`, () => g.node("Neg", [sin], {}, sin.shape)) : sin;
  const attributes = { interleaved: 0, num_heads: attrs.heads };
  return { y: g.node("RotaryEmbedding", [x, order, cos, signed], attributes, x.shape) };
};

/** silu'(x) = s (1 + x (1 - s)) with s = sigmoid x, where x (1 - s) = x sigmoid(-x) is one node. */
const gatedMlpGrad: Lowering<"gatedMlpGrad"> = (c) => {
  const { b, rows, attrs } = c;
  if (attrs.activation !== "silu") return LOWERINGS.gatedMlpGrad(c);
  const [dy, gate, up] = [rows("dy"), rows("gate") as Ref, rows("up")];
  const e = b.mul(dy, b.sigmoid(gate));
  const slope = b.add((b as OnnxBuilder).swish(gate, -1), b.scalar(1));
  return { dGate: b.mul(b.mul(e, up), slope), dUp: b.mul(e, gate) };
};

/** MatMul, unlike Gemm, is defined for rank 0 in every runtime. */
const loraLinear: Lowering<"loraLinear"> = (c) => {
  const { b, attrs, rows, grid, into } = c;
  const g = b as OnnxBuilder;
  const bias = attrs.hasBias ? grid("bias") : undefined;
  const base = b.accumulate(into, rows("x"), grid("weight"), { transB: true, bias });
  const loraHidden: Ref = g.stackedMatmul(dropped(c, rows("x")) as Ref, grid("A") as Ref, { transB: true });
  const lowRank = g.stackedMatmul(loraHidden, grid("B") as Ref, { transB: true, alpha: attrs.scale });
  return { y: b.accumulateTerm(base, lowRank), loraHidden };
};

const BY_PROFILE: Readonly<Record<Profile, Lowerings>> = {
  ort: { ...LOWERINGS, cast, rmsNorm, layerNorm, rope, gatedMlpGrad, gelu },
  // The WebGPU provider leaves 1 / rms of SimplifiedLayerNormalization uncomputed, and takes LayerNormalization's variance from the mean
  // of squares, which cancels digits.
  webgpu: { ...LOWERINGS, cast, rope, gatedMlpGrad, gelu },
  portable: { ...LOWERINGS, cast, loraLinear },
};

/** Contributed operators of onnxruntime where it is the runtime; standard operators elsewhere. */
export const lowerings = (profile: Profile): Lowerings => BY_PROFILE[profile];
