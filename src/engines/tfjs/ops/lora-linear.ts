import type { ValueId } from "../../../program/program.ts";
import type { Ref } from "../kernels.ts";
import type { Lowering, NodeContext } from "./lowering.ts";

type LoraOp = "loraLinear" | "loraLinearGrad";

/** keep / (1 - dropout) as a matrix, or nothing without dropout. Input `at` is the mask. */
function dropFactor({ k, attrs, node, rows }: NodeContext<LoraOp>, at: number): Ref | undefined {
  if (attrs.dropout === 0) return undefined;
  return k.share(`/drop/${node.inputs[at]}`, () =>
    k.times(k.cast(rows(at), "float32"), 1 / (1 - attrs.dropout)),
  );
}

/** What the factors see is float32, however W's operand is rounded. */
function dropped(c: NodeContext<LoraOp>, x: Ref, at: number): Ref {
  const factor = dropFactor(c, at);
  const full = c.k.cast(x, "float32");
  return factor === undefined ? full : c.k.each("Multiply", full, factor);
}

/** scale B, made once for the forward and the backward pass. Input `at` is B. */
const scaledB = ({ k, node, attrs, grid }: NodeContext<LoraOp>, at: number): Ref =>
  k.share(`/scaled/${node.inputs[at]}`, () => k.times(grid(at), attrs.scale));

/** Inputs: x, W, A, B, keep?, bias?. */
export const loraLinear: Lowering<"loraLinear"> = (c) => {
  const { k, node, attrs, rows, grid } = c;
  const product = k.product(rows(0), grid(1), { b: true });
  const base = attrs.hasBias ? k.each("Add", product, grid(node.inputs.length - 1)) : product;
  const loraHidden = sharedLoraHidden(c)[c.fusion.sharedInputGroups.get(node)!.indexOf(node)]!;
  return [[base, k.matmul(loraHidden, scaledB(c, 3), { b: true })], loraHidden];
};

/** drop(x) Aᵀ of all siblings in one product; with ranks this small, three products cost thrice the one. */
function sharedLoraHidden(c: NodeContext<"loraLinear">): Ref[] {
  const sharedInputGroup = c.fusion.sharedInputGroups.get(c.node)!;
  return c.k.share(`/low/${sharedInputGroup[0]!.outputs[1]}`, () => {
    const A = c.stack(sharedInputGroup.map((member) => member.inputs[2]!));
    const loraHidden = c.k.matmul(dropped(c, c.rows(0), 4), A, { b: true });
    const ranks = sharedInputGroup.map((member) => c.shapeOf(member.inputs[2]!)[0]!);
    return c.k.split(loraHidden, ranks, 1);
  });
}

/**
 * Inputs: dy, x, W, A, B, low, keep?. With t = scale dy B: dB = scale dyᵀ low, dA = tᵀ drop(x), dx = dy W + drop(t A).
 * The last of the siblings does dA and the low-rank part of dx for all.
 */
export const loraLinearGrad: Lowering<"loraLinearGrad"> = (c) => {
  const { k, node, attrs, rows, grid, fusion } = c;
  const dy = k.cast(rows(0), "float32");
  const dB = k.times(k.matmul(dy, rows(5), { a: true }), attrs.scale);
  const sharedInputGroup = fusion.sharedInputGroups.get(node)!;
  const ts = k.share(`/t/${sharedInputGroup[0]!.outputs[0]}`, () => new Map<ValueId, Ref>());
  ts.set(node.outputs[0]!, k.matmul(dy, scaledB(c, 4)));
  const base = attrs.needsInput ? k.product(rows(0), grid(2)) : null;
  if (node !== sharedInputGroup.at(-1)) return [null, dB, base];

  const all = sharedInputGroup.map((member) => ts.get(member.outputs[0]!)!);
  const t = k.concat(all, 1);
  const dA = k.split(
    k.matmul(t, dropped(c, rows(1), 6), { a: true }),
    all.map(({ shape }) => shape[1]!),
    0,
  );
  for (const [i, member] of sharedInputGroup.entries()) c.define(member.outputs[0]!, dA[i]!);
  if (base === null) return [null, dB, null];
  const through = k.matmul(t, c.stack(sharedInputGroup.map((member) => member.inputs[3]!)));
  return [null, dB, [base, dropped(c, through, 6)]];
};
