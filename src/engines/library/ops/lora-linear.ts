import type { ValueId } from "../../../program/program.ts";
import type { Lowering, NodeContext } from "../lowering.ts";
import type { Tensor, TensorBuilder } from "../tensor-builder.ts";

/** Shared part of both operations. */
interface LoraContext {
  readonly b: TensorBuilder;
  readonly attrs: { readonly scale: number; readonly dropout: number };
  readonly node: { readonly inputs: { readonly dropoutMask?: ValueId | undefined; readonly B: ValueId } };
  grid(name: "B"): Tensor;
  rows(name: "dropoutMask"): Tensor;
}

/** dropoutMask / (1 - dropout) as a matrix; undefined without dropout. */
function dropFactor({ b, attrs, node, rows }: LoraContext): Tensor | undefined {
  if (attrs.dropout === 0) return undefined;
  return b.share(`/drop/${node.inputs.dropoutMask}`, () =>
    b.times(b.cast(rows("dropoutMask"), "f32"), 1 / (1 - attrs.dropout)),
  );
}

/** drop(x) in float32, the precision of the factors. */
export function dropped(c: LoraContext, x: Tensor): Tensor {
  const factor = dropFactor(c);
  const full = c.b.cast(x, "f32");
  return factor === undefined ? full : c.b.mul(full, factor);
}

/** B and the factor of a product with it: together scale B, computed once for the forward and the backward pass. */
function scaledB({ b, node, attrs, grid }: LoraContext): { B: Tensor; alpha: number } {
  if (b.freeAlpha) return { B: grid("B"), alpha: attrs.scale };
  return { B: b.share(`/scaled/${node.inputs.B}`, () => b.times(grid("B"), attrs.scale)), alpha: 1 };
}

export const loraLinear: Lowering<"loraLinear"> = (c) => {
  const { b, node, attrs, rows, grid, into, fusion } = c;
  const bias = attrs.hasBias ? grid("bias") : undefined;
  const base = b.accumulate(into, rows("x"), grid("weight"), { transB: true, bias });
  const loraHidden = sharedLoraHidden(c)[fusion.sharedInputGroup(node).indexOf(node)]!;
  const { B, alpha } = scaledB(c);
  return { y: b.accumulate(base, loraHidden, B, { transB: true, alpha }), loraHidden };
};

/** drop(x) Aᵀ of the whole group in one product; with ranks this small, three products cost three times the one. */
function sharedLoraHidden(c: NodeContext<"loraLinear">): Tensor[] {
  const group = c.fusion.sharedInputGroup(c.node);
  return c.b.share(`/hidden/${group[0]!.outputs.loraHidden}`, () => {
    const A = c.stack(group.map((member) => member.inputs.A));
    const hidden = c.b.matmul(dropped(c, c.rows("x")), A, { transB: true });
    const ranks = group.map((member) => Number(c.shapeOf(member.inputs.A)[0]));
    return c.b.split(hidden, ranks, 1);
  });
}

/**
 * With t = scale dy B: dB = scale dyᵀ loraHidden, dA = tᵀ drop(x), dx = dy W + drop(t A). The last of the group computes dA and
 * the low-rank part of dx for all.
 */
export const loraLinearGrad: Lowering<"loraLinearGrad"> = (c) => {
  const { b, node, attrs, rows, grid, into, fusion } = c;
  const dy = b.cast(rows("dy"), "f32");
  const dB = b.matmul(dy, rows("loraHidden"), { transA: true, alpha: attrs.scale });
  const group = fusion.sharedInputGroup(node);
  const ts = b.share(`/t/${group[0]!.outputs.dA}`, () => new Map<ValueId, Tensor>());
  const { B, alpha } = scaledB(c);
  ts.set(node.outputs.dA, b.matmul(dy, B, { alpha }));
  const base = attrs.needsInput ? b.accumulate(into, rows("dy"), grid("weight")) : null;
  if (node !== group.at(-1)) return { dA: null, dB, dx: base };

  const all = group.map((member) => ts.get(member.outputs.dA)!);
  const t = b.concat(all, 1);
  const ranks = all.map(({ shape }) => Number(shape[1]));
  const dA = b.split(b.matmul(t, dropped(c, rows("x")), { transA: true }), ranks, 0);
  for (const [i, member] of group.entries()) c.define(member.outputs.dA, dA[i]!);
  if (base === null) return { dA: null, dB, dx: null };
  const A = c.stack(group.map((member) => member.inputs.A));
  if (attrs.dropout === 0) return { dA: null, dB, dx: b.accumulate(base, t, A) };
  return { dA: null, dB, dx: b.accumulateTerm(base, dropped(c, b.matmul(t, A))) };
};
