import type { GateActivation } from "../../../ops/attrs.ts";
import { GATES } from "../../../ops/gated-mlp.ts";
import type { Lowering } from "../lowering.ts";
import type { Tensor, TensorBuilder } from "../tensor-builder.ts";

/** sigmoid(u(x)) of an activation x sigmoid(u(x)), with u = linear x + cubic x³. */
export function openGate(b: TensorBuilder, x: Tensor, activation: GateActivation): Tensor {
  const { linear, cubic } = GATES[activation];
  if (cubic === 0) return b.sigmoid(b.times(x, linear));
  return b.sigmoid(b.mul(x, b.add(b.times(b.square(x), cubic), b.scalar(linear))));
}

export const gatedMlp: Lowering<"gatedMlp"> = ({ b, rows, attrs: { activation } }) => {
  const gate = rows("gate");
  const activated = activation === "silu" ? b.silu(gate) : b.mul(gate, openGate(b, gate, activation));
  return { y: b.mul(activated, rows("up")) };
};

/** With a = x s, s = sigmoid(u): a' = s + x u' s (1 - s) = s + u' (a - a s). */
export const gatedMlpGrad: Lowering<"gatedMlpGrad"> = ({ b, rows, attrs: { activation } }) => {
  const [dy, gate, up] = [rows("dy"), rows("gate"), rows("up")];
  const { linear, cubic } = GATES[activation];
  const s = openGate(b, gate, activation);
  const activated = b.mul(gate, s);
  const rest = b.sub(activated, b.mul(activated, s));
  const slope = cubic === 0 ? undefined : b.add(b.times(b.square(gate), 3 * cubic), b.scalar(linear));
  const derivative = b.add(s, slope === undefined ? b.times(rest, linear) : b.mul(slope, rest));
  return { dGate: b.mul(b.mul(dy, up), derivative), dUp: b.mul(dy, activated) };
};
