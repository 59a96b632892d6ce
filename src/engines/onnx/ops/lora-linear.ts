import type { Node, ValueId } from "../../../program/program.ts";
import type { Ref } from "../graph.ts";
import type { Lowering, NodeContext } from "./lowering.ts";

type LoraOp = "loraLinear" | "loraLinearGrad";

/** keep / (1 - dropout) as a matrix, or nothing without dropout. Input `at` is the mask. */
function dropFactor({ g, attrs, node, rows }: NodeContext<LoraOp>, at: number): Ref | undefined {
  if (attrs.dropout === 0) return undefined;
  return g.share(`/drop/${node.inputs[at]}`, () => {
    const dropoutMask = rows(at);
    return g.each(
      "Mul",
      g.node("Cast", [dropoutMask], { to: 1 }, dropoutMask.shape),
      g.scalar(1 / (1 - attrs.dropout)),
    );
  });
}

function dropped(c: NodeContext<LoraOp>, x: Ref, at: number): Ref {
  const factor = dropFactor(c, at);
  return factor === undefined ? x : c.g.each("Mul", x, factor);
}

const rankOf = (matrix: Ref): number => Number(matrix.shape[1]);

/** Inputs: x, W, A, B, keep?, bias?. The low-rank part comes in by way of the sum that every Gemm can do. */
export const loraLinear: Lowering<"loraLinear"> = (c) => {
  const { g, node, attrs, rows, grid, into } = c;
  const [x, weight, B] = [rows(0), grid(1), grid(3)];
  const base = g.gemm(x, weight, { transB: true, c: attrs.hasBias ? grid(node.inputs.length - 1) : into });
  if (g.profile === "portable") {
    // MatMul, unlike Gemm, is defined for rank 0 in every runtime.
    const loraHidden = g.matmul(dropped(c, x, 4), grid(2), { transB: true });
    return [g.each("Add", base, g.matmul(loraHidden, B, { transB: true, alpha: attrs.scale })), loraHidden];
  }
  const loraHidden = sharedLoraHidden(c)[c.fusion.sharedInputGroups.get(node)!.indexOf(node)]!;
  return [g.gemm(loraHidden, B, { transB: true, alpha: attrs.scale, c: base }), loraHidden];
};

/** drop(x) Aᵀ of all siblings in one product; with ranks this small, three products cost thrice the one. */
function sharedLoraHidden(c: NodeContext<"loraLinear">): Ref[] {
  const sharedInputGroup = c.fusion.sharedInputGroups.get(c.node)!;
  return c.g.share(`/low/${sharedInputGroup[0]!.outputs[1]}`, () => {
    const A = c.stack(sharedInputGroup.map((member) => member.inputs[2]!));
    const loraHidden = c.g.gemm(dropped(c, c.rows(0), 4), A, { transB: true });
    const ranks = sharedInputGroup.map((member) => Number(c.shapeOf(member.inputs[2]!)[0]));
    return c.g.split(loraHidden, ranks, 1);
  });
}

/**
 * Inputs: dy, x, W, A, B, low, keep?. With t = scale dy B: dB = scale dyᵀ low, dA = tᵀ drop(x), dx = dy W + drop(t A).
 * The last of the siblings does dA and the low-rank part of dx for all.
 */
export const loraLinearGrad: Lowering<"loraLinearGrad"> = (c) => {
  const { g, node, attrs, rows, grid, into, fusion } = c;
  const [dy, x, weight, B, loraHidden] = [rows(0), rows(1), grid(2), grid(4), rows(5)];
  const dB = g.gemm(dy, loraHidden, { transA: true, alpha: attrs.scale });
  const sharedInputGroup = fusion.sharedInputGroups.get(node)!;
  const ts = g.share(`/t/${sharedInputGroup[0]!.outputs[0]}`, () => new Map<ValueId, Ref>());
  ts.set(node.outputs[0]!, g.gemm(dy, B, { alpha: attrs.scale }));
  const base = attrs.needsInput
    ? into === undefined
      ? g.matmul(dy, weight)
      : g.gemm(dy, weight, { c: into })
    : null;
  if (node !== (sharedInputGroup.at(-1) as Node)) return [null, dB, base];

  const all = sharedInputGroup.map((member) => ts.get(member.outputs[0]!)!);
  const t = g.concat(all, 1);
  const dA = g.split(g.gemm(t, dropped(c, x, 6), { transA: true }), all.map(rankOf), 0);
  for (const [i, member] of sharedInputGroup.entries()) c.define(member.outputs[0]!, dA[i]!);
  if (base === null) return [null, dB, null];
  const A = c.stack(sharedInputGroup.map((member) => member.inputs[3]!));
  const factor = dropFactor(c, 6);
  if (factor === undefined) return [null, dB, g.gemm(t, A, { c: base })];
  return [null, dB, g.each("Add", base, g.each("Mul", g.matmul(t, A), factor))];
};
