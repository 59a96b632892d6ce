import type { Node, ValueId } from "../../../program/program.ts";
import type { Ref } from "../graph.ts";
import type { Lowering, NodeContext } from "./lowering.ts";

type LoraOp = "loraLinear" | "loraLinearGrad";

/** keep / (1 - dropout) as a matrix, or nothing without dropout. Input `at` is the mask. */
function dropFactor({ g, attrs, node, rows }: NodeContext<LoraOp>, at: number): Ref | undefined {
  if (attrs.dropout === 0) return undefined;
  return g.share(`/drop/${node.inputs[at]}`, () => {
    const keep = rows(at);
    return g.each("Mul", g.node("Cast", [keep], { to: 1 }, keep.shape), g.scalar(1 / (1 - attrs.dropout)));
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
    const low = g.matmul(dropped(c, x, 4), grid(2), { transB: true });
    return [g.each("Add", base, g.matmul(low, B, { transB: true, alpha: attrs.scale })), low];
  }
  const low = lowOfAll(c)[c.plan.siblings.get(node)!.indexOf(node)]!;
  return [g.gemm(low, B, { transB: true, alpha: attrs.scale, c: base }), low];
};

/** drop(x) Aᵀ of all siblings in one product; with ranks this small, three products cost thrice the one. */
function lowOfAll(c: NodeContext<"loraLinear">): Ref[] {
  const siblings = c.plan.siblings.get(c.node)!;
  return c.g.share(`/low/${siblings[0]!.outputs[1]}`, () => {
    const A = c.stack(siblings.map((sibling) => sibling.inputs[2]!));
    const low = c.g.gemm(dropped(c, c.rows(0), 4), A, { transB: true });
    const ranks = siblings.map((sibling) => Number(c.shapeOf(sibling.inputs[2]!)[0]));
    return c.g.split(low, ranks, 1);
  });
}

/**
 * Inputs: dy, x, W, A, B, low, keep?. With t = scale dy B: dB = scale dyᵀ low, dA = tᵀ drop(x), dx = dy W + drop(t A).
 * The last of the siblings does dA and the low-rank part of dx for all.
 */
export const loraLinearGrad: Lowering<"loraLinearGrad"> = (c) => {
  const { g, node, attrs, rows, grid, into, plan } = c;
  const [dy, x, weight, B, low] = [rows(0), rows(1), grid(2), grid(4), rows(5)];
  const dB = g.gemm(dy, low, { transA: true, alpha: attrs.scale });
  const siblings = plan.siblings.get(node)!;
  const ts = g.share(`/t/${siblings[0]!.outputs[0]}`, () => new Map<ValueId, Ref>());
  ts.set(node.outputs[0]!, g.gemm(dy, B, { alpha: attrs.scale }));
  const base = attrs.needsInput
    ? into === undefined
      ? g.matmul(dy, weight)
      : g.gemm(dy, weight, { c: into })
    : null;
  if (node !== (siblings.at(-1) as Node)) return [null, dB, base];

  const all = siblings.map((sibling) => ts.get(sibling.outputs[0]!)!);
  const t = g.concat(all, 1);
  const dA = g.split(g.gemm(t, dropped(c, x, 6), { transA: true }), all.map(rankOf), 0);
  for (const [i, sibling] of siblings.entries()) c.define(sibling.outputs[0]!, dA[i]!);
  if (base === null) return [null, dB, null];
  const A = c.stack(siblings.map((sibling) => sibling.inputs[3]!));
  const factor = dropFactor(c, 6);
  if (factor === undefined) return [null, dB, g.gemm(t, A, { c: base })];
  return [null, dB, g.each("Add", base, g.each("Mul", g.matmul(t, A), factor))];
};
