import type { ValueId } from "../../../program/program.ts";
import type { Ref } from "../kernels.ts";
import type { KernelRecorder } from "../recorder.ts";
import type { Lowering, NodeContext } from "./lowering.ts";

interface LoraContext {
  readonly k: KernelRecorder;
  readonly attrs: { readonly dropout: number; readonly scale: number };
  readonly node: { readonly inputs: { readonly dropoutMask?: ValueId | undefined; readonly B: ValueId } };
  grid(name: "B"): Ref;
  rows(name: "dropoutMask"): Ref;
}

/** keep / (1 - dropout) as a matrix, or nothing without dropout. Input `at` is the mask. */
function dropFactor({ k, attrs, node, rows }: LoraContext): Ref | undefined {
  if (attrs.dropout === 0) return undefined;
  return k.share(`/drop/${node.inputs.dropoutMask}`, () =>
    k.times(k.cast(rows("dropoutMask"), "float32"), 1 / (1 - attrs.dropout)),
  );
}

/** What the factors see is float32, however W's operand is rounded. */
function dropped(c: LoraContext, x: Ref): Ref {
  const factor = dropFactor(c);
  const full = c.k.cast(x, "float32");
  return factor === undefined ? full : c.k.each("Multiply", full, factor);
}

/** scale B, made once for the forward and the backward pass. Input `at` is B. */
const scaledB = ({ k, node, attrs, grid }: LoraContext): Ref =>
  k.share(`/scaled/${node.inputs.B}`, () => k.times(grid("B"), attrs.scale));

/** Inputs: x, W, A, B, keep?, bias?. */
export const loraLinear: Lowering<"loraLinear"> = (c) => {
  const { k, node, attrs, rows, grid } = c;
  const product = k.product(rows("x"), grid("weight"), { b: true });
  const base = attrs.hasBias ? k.each("Add", product, grid("bias")) : product;
  const loraHidden = sharedLoraHidden(c)[c.fusion.sharedInputGroup(node).indexOf(node)]!;
  return [[base, k.matmul(loraHidden, scaledB(c), { b: true })], loraHidden];
};

/** drop(x) Aᵀ of all siblings in one product; with ranks this small, three products cost thrice the one. */
function sharedLoraHidden(c: NodeContext<"loraLinear">): Ref[] {
  const sharedInputGroup = c.fusion.sharedInputGroup(c.node);
  return c.k.share(`/low/${sharedInputGroup[0]!.outputs.loraHidden}`, () => {
    const A = c.stack(sharedInputGroup.map((member) => member.inputs.A));
    const loraHidden = c.k.matmul(dropped(c, c.rows("x")), A, { b: true });
    const ranks = sharedInputGroup.map((member) => c.shapeOf(member.inputs.A)[0]!);
    return c.k.split(loraHidden, ranks, 1);
  });
}

/**
 * Inputs: dy, x, W, A, B, low, keep?. With t = scale dy B: dB = scale dyᵀ low, dA = tᵀ drop(x), dx = dy W + drop(t A).
 * The last of the siblings does dA and the low-rank part of dx for all.
 */
export const loraLinearGrad: Lowering<"loraLinearGrad"> = (c) => {
  const { k, node, attrs, rows, grid, fusion } = c;
  const dy = k.cast(rows("dy"), "float32");
  const dB = k.times(k.matmul(dy, rows("loraHidden"), { a: true }), attrs.scale);
  const sharedInputGroup = fusion.sharedInputGroup(node);
  const ts = k.share(`/t/${sharedInputGroup[0]!.outputs.dA}`, () => new Map<ValueId, Ref>());
  ts.set(node.outputs.dA, k.matmul(dy, scaledB(c)));
  const base = attrs.needsInput ? k.product(rows("dy"), grid("weight")) : null;
  if (node !== sharedInputGroup.at(-1)) return [null, dB, base];

  const all = sharedInputGroup.map((member) => ts.get(member.outputs.dA)!);
  const t = k.concat(all, 1);
  const dA = k.split(
    k.matmul(t, dropped(c, rows("x")), { a: true }),
    all.map(({ shape }) => shape[1]!),
    0,
  );
  for (const [i, member] of sharedInputGroup.entries()) c.define(member.outputs.dA, dA[i]!);
  if (base === null) return [null, dB, null];
  const through = k.matmul(t, c.stack(sharedInputGroup.map((member) => member.inputs.A)));
  return [null, dB, [base, dropped(c, through)]];
};
