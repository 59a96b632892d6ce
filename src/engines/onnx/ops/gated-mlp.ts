import type { Lowering } from "./lowering.ts";

export const gatedMlp: Lowering<"gatedMlp"> = ({ g, rows }) => [
  g.each("Mul", g.swish(rows("gate"), 1), rows("up")),
];

/** silu(x) = x s with s = sigmoid x, and silu'(x) = s (1 + x (1 - s)), where x (1 - s) = x sigmoid(-x). */
export const gatedMlpGrad: Lowering<"gatedMlpGrad"> = ({ g, rows }) => {
  const [dy, gate, up] = [rows("dy"), rows("gate"), rows("up")];
  const e = g.each("Mul", dy, g.node("Sigmoid", [gate], {}, gate.shape));
  const slope = g.each("Add", g.swish(gate, -1), g.scalar(1));
  return [g.each("Mul", g.each("Mul", e, up), slope), g.each("Mul", e, gate)];
};
