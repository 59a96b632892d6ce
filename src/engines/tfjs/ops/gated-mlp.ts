import type { Lowering } from "./lowering.ts";

export const gatedMlp: Lowering<"gatedMlp"> = ({ k, rows }) => {
  const gate = rows("gate");
  return [k.each("Multiply", k.each("Multiply", gate, k.map("Sigmoid", gate)), rows("up"))];
};

/** silu(x) = x s with s = sigmoid x, and silu'(x) = s + silu(x) (1 - s) = s + silu(x) - silu(x) s. */
export const gatedMlpGrad: Lowering<"gatedMlpGrad"> = ({ k, rows }) => {
  const [dy, gate, up] = [rows("dy"), rows("gate"), rows("up")];
  const s = k.map("Sigmoid", gate);
  const silu = k.each("Multiply", gate, s);
  const slope = k.each("Sub", k.each("Add", s, silu), k.each("Multiply", silu, s));
  return [k.each("Multiply", k.each("Multiply", dy, up), slope), k.each("Multiply", dy, silu)];
};
