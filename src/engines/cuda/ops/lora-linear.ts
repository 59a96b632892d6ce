import { LorafitError } from "../../../errors.ts";
import {
  at,
  columns,
  type Field,
  f32,
  i32,
  i64,
  type Matrix,
  padded,
  rowsFrom,
  type Vector,
} from "../commands.ts";
import type { LoraUnit } from "../layout.ts";
import { drop } from "./dropout.ts";
import type { Lowering, NodeContext } from "./lowering.ts";
import { combineRows } from "./shape.ts";

/** Ranks that kernels/rank_gradient.cu is made for. */
const RANKS = [16, 32, 64, 128];
const THREADS = 128;
const TILE = 64;
/** Positions of which one block sums the products: sixteen shares of the batch, whatever the GPU, in steps of 32. */
const SHARES = 16;
const STEP = 32;

/** y = [x | low] [W | scale B]ᵀ for all nodes of the unit, low = drop(x) Aᵀ. */
export const loraLinear: Lowering<"loraLinear"> = (c) => {
  const unit = c.lora.unit();
  if (unit.turn !== c.node) return;
  const { operand, operandTail } = unit;
  const x = c.matrix(0);
  if (unit.copied) combineRows(c.list, { ...operand, width: x.width }, x);
  const { dropout } = c.attrs;
  const dropped = dropout > 0 ? drop(c.list, x, c.dropoutMask(4), dropout) : x;
  const { matrix: weight, starts } = c.lora.weight();
  const factorsA = rowsFrom(weight, starts.at(-1)!, unit.tail);
  c.list.multiply({ c: operandTail, a: dropped, b: factorsA, layout: "nt", k: x.width });
  const y = acrossUnit(unit, c.lora.matrixOf, () => c.out(0));
  c.list.multiply({
    c: y,
    a: operand,
    b: weight,
    layout: "nt",
    k: padded(x.width) + unit.tail,
    add: c.addend(),
    bias: c.lora.bias(),
  });
};

/** s = [dy] scale B;  dx = [dy | s] [W ; A];  dA = sᵀ drop(x), dB = scale dyᵀ low. */
export const loraLinearGrad: Lowering<"loraLinearGrad"> = (c) => {
  const unit = c.lora.unit() as LoraUnit<"loraLinearGrad">;
  if (unit.turn !== c.node) return c.lora.passOn();
  const { matrix: weight, starts } = c.lora.weight();
  const { list } = c;
  const { operand, operandTail, tail } = unit;
  const outs = operand.width;
  if (unit.copied) {
    for (const [i, node] of unit.nodes.entries()) {
      const dy = c.lora.matrixOf(node.inputs[0]!);
      combineRows(list, columns(operand, starts[i]!, dy.width), dy);
    }
  }
  const x = c.matrix(1);
  const factorsB = columns({ ...weight, rows: outs }, padded(x.width), tail);
  list.multiply({ c: operandTail, a: operand, b: factorsB, layout: "nn", k: outs });
  const { dropout, needsInput } = c.attrs;
  const loraHidden = needsInput ? inputGradient(c, unit, weight, starts.at(-1)!) : undefined;
  if (dropout === 0) return factorGradients(c, unit, x, starts);
  const dropoutMask = c.dropoutMask(6);
  if (loraHidden !== undefined)
    drop(list, loraHidden, dropoutMask, dropout, { out: c.out(2), add: c.out(2) });
  factorGradients(c, unit, drop(list, x, dropoutMask, dropout), starts);
};

/** With dropout the mask is for the low-rank path only: dx is the other one's, and what is returned has to be dropped and added. */
function inputGradient(
  c: NodeContext<"loraLinearGrad">,
  { operand, operandTail, tail }: LoraUnit,
  weight: Matrix,
  firstA: number,
): Matrix | undefined {
  const { list } = c;
  const [dx, add] = [c.out(2), c.addend()];
  const through = { ...weight, width: dx.width };
  const common = { layout: "nn", a: operand, b: through } as const;
  if (c.attrs.dropout === 0) {
    list.multiply({ ...common, c: dx, k: operand.width + tail, add });
    return undefined;
  }
  list.multiply({ ...common, c: dx, k: operand.width, add });
  const loraHidden = list.matrix(dx.rows, dx.width);
  const factorsA = rowsFrom(through, firstA, tail);
  list.multiply({ layout: "nn", c: loraHidden, a: operandTail, b: factorsA, k: tail });
  return loraHidden;
}

/** The outputs of a unit side by side as one matrix. */
function acrossUnit(unit: LoraUnit, matrixOf: (id: number) => Matrix, single: () => Matrix): Matrix {
  if (unit.nodes.length === 1) return single();
  const parts = unit.nodes.map((node) => matrixOf(node.outputs[0]!));
  return { ...parts[0]!, width: parts.reduce((sum, { width }) => sum + padded(width), 0) };
}

/** One launch for the whole unit where its gradients lie one behind the other, as they do in the flat vector; else one each. */
function factorGradients(
  c: NodeContext<"loraLinearGrad">,
  unit: LoraUnit<"loraLinearGrad">,
  x: Matrix,
  starts: readonly number[],
): void {
  let fromRank = 0;
  const parts = unit.nodes.map((node, i) => {
    const s = columns(unit.operandTail, fromRank, unit.ranks[i]!);
    fromRank += unit.ranks[i]!;
    const [dA, dB] = [c.lora.vectorOf(node.outputs[0]!), c.lora.vectorOf(node.outputs[1]!)];
    const loraHidden = c.lora.matrixOf(node.inputs[5]!);
    const dy = columns(unit.operand, starts[i]!, c.lora.matrixOf(node.inputs[0]!).width);
    return { dA, dB, s, loraHidden, dy, rank: loraHidden.width, scale: node.attrs.scale };
  });
  const follows = (a: Vector, b: Vector): boolean =>
    a.at.room === b.at.room && a.at.offset + 4 * a.length === b.at.offset;
  const ordered = parts.toSorted((a, b) => a.dA.at.offset - b.dA.at.offset);
  const whole = ordered.every(
    (part, i) => i === 0 || (follows(ordered[i - 1]!.dA, part.dA) && follows(ordered[i - 1]!.dB, part.dB)),
  );
  for (const group of whole ? [ordered] : ordered.map((part) => [part])) {
    const sizeA = group.reduce((sum, { dA }) => sum + dA.length, 0);
    const size = group.reduce((sum, { dB }) => sum + dB.length, sizeA);
    let [offsetA, offsetB] = [0, sizeA];
    const entries: Field[][] = [];
    for (const { dA, dB, s, loraHidden, dy, rank, scale } of group) {
      entries.push(entry(x, s, offsetA, rank, true, 1), entry(dy, loraHidden, offsetB, rank, false, scale));
      offsetA += dA.length;
      offsetB += dB.length;
    }
    const widest = Math.max(x.width, ...group.map(({ dy }) => dy.width));
    const rank = rankKernel(Math.max(...group.map((part) => part.rank)));
    const slab = Math.max(STEP, Math.ceil(x.rows / SHARES / STEP) * STEP);
    const slabs = Math.ceil(x.rows / slab);
    const partial = c.list.vector(slabs * size);
    c.list.launch(`rank_gradient_${rank}`, [Math.ceil(widest / TILE), slabs, entries.length], THREADS, [
      at(partial),
      { at: c.list.constant(entries.flat()) },
      i32(x.rows),
      i32(slab),
      i64(size),
    ]);
    const sums = [at(group[0]!.dA), at(group[0]!.dB), at(partial), i32(slabs), i64(sizeA), i64(size - sizeA)];
    c.list.launch("sum_slabs", [Math.ceil(size / 256)], 256, sums);
  }
}

/** RankEntry of kernels/rank_gradient.cu. */
const entry = (
  x: Matrix,
  y: Matrix,
  offset: number,
  rank: number,
  transposed: boolean,
  factor: number,
): Field[] => [
  at(x),
  at(y),
  i64(offset),
  ...[x.width, rank, x.ld, y.ld, Number(transposed)].map(i32),
  f32(factor),
];

function rankKernel(rank: number): number {
  const found = RANKS.find((size) => rank <= size);
  if (found !== undefined) return found;
  throw new LorafitError("usage", `the cuda engine takes ranks of up to ${RANKS.at(-1)}, not ${rank}`, {
    hint: "set a smaller rank, or use --engine onnx",
  });
}
