import type { Lowering } from "../lowering.ts";

export const gatedMlp: Lowering<"gatedMlp"> = ({ b, rows }) => ({
  y: b.mul(b.silu(rows("gate")), rows("up")),
});

/** silu(x) = x s with s = sigmoid x, and silu'(x) = s + silu(x) (1 - s) = s + silu(x) - silu(x) s. */
export const gatedMlpGrad: Lowering<"gatedMlpGrad"> = ({ b, rows }) => {
  const [dy, gate, up] = [rows("dy"), rows("gate"), rows("up")];
  const s = b.sigmoid(gate);
  const silu = b.mul(gate, s);
  const slope = b.sub(b.add(s, silu), b.mul(silu, s));
  return { dGate: b.mul(b.mul(dy, up), slope), dUp: b.mul(dy, silu) };
};
