import type { ValueId } from "../../../program/program.ts";
import type { GraphEmitter, Ref } from "../graph.ts";
import type { Lowering, NodeContext } from "./lowering.ts";

interface LoraContext {
  readonly g: GraphEmitter;
  readonly attrs: { readonly dropout: number; readonly scale: number };
  readonly node: { readonly inputs: { readonly dropoutMask?: ValueId | undefined; readonly B: ValueId } };
  grid(name: "B"): Ref;
  rows(name: "dropoutMask"): Ref;
}

/** keep / (1 - dropout) as a matrix, or nothing without dropout. Input `at` is the mask. */
function dropFactor({ g, attrs, node, rows }: LoraContext): Ref | undefined {
  if (attrs.dropout === 0) return undefined;
  return g.share(`/drop/${node.inputs.dropoutMask}`, () => {
    const dropoutMask = rows("dropoutMask");
    return g.each(
      "Mul",
      g.node("Cast", [dropoutMask], { to: 1 }, dropoutMask.shape),
      g.scalar(1 / (1 - attrs.dropout)),
    );
  });
}

function dropped(c: LoraContext, x: Ref): Ref {
  const factor = dropFactor(c);
  return factor === undefined ? x : c.g.each("Mul", x, factor);
}

const rankOf = (matrix: Ref): number => Number(matrix.shape[1]);

/** Inputs: x, W, A, B, keep?, bias?. The low-rank part comes in by way of the sum that every Gemm can do. */
export const loraLinear: Lowering<"loraLinear"> = (c) => {
  const { g, node, attrs, rows, grid, into } = c;
  const [x, weight, B] = [rows("x"), grid("weight"), grid("B")];
  const base = g.gemm(x, weight, { transB: true, c: attrs.hasBias ? grid("bias") : into });
  if (g.profile === "portable") {
    // MatMul, unlike Gemm, is defined for rank 0 in every runtime.
    const loraHidden = g.matmul(dropped(c, x), grid("A"), { transB: true });
    return [g.each("Add", base, g.matmul(loraHidden, B, { transB: true, alpha: attrs.scale })), loraHidden];
  }
  const loraHidden = sharedLoraHidden(c)[c.fusion.sharedInputGroup(node).indexOf(node)]!;
  return [g.gemm(loraHidden, B, { transB: true, alpha: attrs.scale, c: base }), loraHidden];
};

/** drop(x) Aᵀ of all siblings in one product; with ranks this small, three products cost thrice the one. */
function sharedLoraHidden(c: NodeContext<"loraLinear">): Ref[] {
  const sharedInputGroup = c.fusion.sharedInputGroup(c.node);
  return c.g.share(`/low/${sharedInputGroup[0]!.outputs.loraHidden}`, () => {
    const A = c.stack(sharedInputGroup.map((member) => member.inputs.A));
    const loraHidden = c.g.gemm(dropped(c, c.rows("x")), A, { transB: true });
    const ranks = sharedInputGroup.map((member) => Number(c.shapeOf(member.inputs.A)[0]));
    return c.g.split(loraHidden, ranks, 1);
  });
}

/**
 * Inputs: dy, x, W, A, B, low, keep?. With t = scale dy B: dB = scale dyᵀ low, dA = tᵀ drop(x), dx = dy W + drop(t A).
 * The last of the siblings does dA and the low-rank part of dx for all.
 */
export const loraLinearGrad: Lowering<"loraLinearGrad"> = (c) => {
  const { g, node, attrs, rows, grid, into, fusion } = c;
  const [dy, x, weight, B, loraHidden] = [
    rows("dy"),
    rows("x"),
    grid("weight"),
    grid("B"),
    rows("loraHidden"),
  ];
  const dB = g.gemm(dy, loraHidden, { transA: true, alpha: attrs.scale });
  const sharedInputGroup = fusion.sharedInputGroup(node);
  const ts = g.share(`/t/${sharedInputGroup[0]!.outputs.dA}`, () => new Map<ValueId, Ref>());
  ts.set(node.outputs.dA, g.gemm(dy, B, { alpha: attrs.scale }));
  const base = attrs.needsInput
    ? into === undefined
      ? g.matmul(dy, weight)
      : g.gemm(dy, weight, { c: into })
    : null;
  if (node !== sharedInputGroup.at(-1)) return [null, dB, base];

  const all = sharedInputGroup.map((member) => ts.get(member.outputs.dA)!);
  const t = g.concat(all, 1);
  const dA = g.split(g.gemm(t, dropped(c, x), { transA: true }), all.map(rankOf), 0);
  for (const [i, member] of sharedInputGroup.entries()) c.define(member.outputs.dA, dA[i]!);
  if (base === null) return [null, dB, null];
  const A = c.stack(sharedInputGroup.map((member) => member.inputs.A));
  const factor = dropFactor(c);
  if (factor === undefined) return [null, dB, g.gemm(t, A, { c: base })];
  return [null, dB, g.each("Add", base, g.each("Mul", g.matmul(t, A), factor))];
};
