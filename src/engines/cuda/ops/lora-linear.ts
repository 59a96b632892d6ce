import { LorafitError } from "../../../errors.ts";
import {
  columnSlice,
  type Field,
  f32,
  i32,
  i64,
  type Matrix,
  ptr,
  rowSlice,
  type Vector,
} from "../lowering/commands.ts";
import type { FusedProjections } from "../lowering/matrix-layout.ts";
import { padded } from "../lowering/weights.ts";
import { applyDropout } from "./dropout.ts";
import type { Lowering, NodeContext } from "./lowering.ts";
import { combineRows } from "./shape.ts";

/** Ranks for which kernels/rank_gradient.cu is compiled. */
const RANKS = [16, 32, 64, 128];
const THREADS = 128;
const TILE = 64;
/** Slabs of positions, summed separately: the same number on every GPU, so that the rounding is the same. */
const SLABS = 16;
/** Positions that a block loads at a time. */
const STEP = 32;

/** y = [x | xA] [W | scale B]ᵀ for all fused projections, xA = dropout(x) Aᵀ. */
export const loraLinear: Lowering<"loraLinear"> = (c) => {
  const projections = c.lora.projections();
  if (projections.leader !== c.node) return;
  const { operand, operandLora } = projections;
  const x = c.matrix("x");
  if (projections.copiesInputs) combineRows(c.list, { ...operand, width: x.width }, x);
  const { dropout } = c.attrs;
  const dropped = dropout > 0 ? applyDropout(c.list, x, c.dropoutMask("dropoutMask"), dropout) : x;
  const { matrix: weight, partOffsets } = c.lora.weight();
  const factorsA = rowSlice(weight, partOffsets.at(-1)!, projections.loraColumns);
  c.list.multiply({ c: operandLora, a: dropped, b: factorsA, layout: "nt", k: x.width });
  const y = fusedOutput(projections, c.lora.matrixOf, () => c.out("y"));
  c.list.multiply({
    c: y,
    a: operand,
    b: weight,
    layout: "nt",
    k: padded(x.width) + projections.loraColumns,
    add: c.addend(),
    bias: c.lora.bias(),
  });
};

/** s = dy scale B;  dx = [dy | s] [W ; A];  dA = sᵀ dropout(x), dB = scale dyᵀ xA. */
export const loraLinearGrad: Lowering<"loraLinearGrad"> = (c) => {
  const projections = c.lora.projections();
  if (projections.leader !== c.node) return c.lora.aliasToAddend();
  const { matrix: weight, partOffsets } = c.lora.weight();
  const { list } = c;
  const { operand, operandLora, loraColumns } = projections;
  const outs = operand.width;
  if (projections.copiesInputs) {
    for (const [i, node] of projections.nodes.entries()) {
      const dy = c.lora.matrixOf(node.inputs.dy);
      combineRows(list, columnSlice(operand, partOffsets[i]!, dy.width), dy);
    }
  }
  const x = c.matrix("x");
  const factorsB = columnSlice({ ...weight, rows: outs }, padded(x.width), loraColumns);
  list.multiply({ c: operandLora, a: operand, b: factorsB, layout: "nn", k: outs });
  const { dropout, needsInput } = c.attrs;
  const loraGradient = needsInput ? inputGradient(c, projections, weight, partOffsets.at(-1)!) : undefined;
  if (dropout === 0) return factorGradients(c, projections, x, partOffsets);
  const dropoutMask = c.dropoutMask("dropoutMask");
  if (loraGradient !== undefined)
    applyDropout(list, loraGradient, dropoutMask, dropout, { out: c.out("dx"), add: c.out("dx") });
  factorGradients(c, projections, applyDropout(list, x, dropoutMask, dropout), partOffsets);
};

/** Emits dx. With dropout it contains only the frozen path, and s A is returned, to be masked and added. */
function inputGradient(
  c: NodeContext<"loraLinearGrad">,
  { operand, operandLora, loraColumns }: FusedProjections,
  weight: Matrix,
  firstA: number,
): Matrix | undefined {
  const { list } = c;
  const [dx, add] = [c.out("dx"), c.addend()];
  const frozen = { ...weight, width: dx.width };
  const common = { layout: "nn", a: operand, b: frozen } as const;
  if (c.attrs.dropout === 0) {
    list.multiply({ ...common, c: dx, k: operand.width + loraColumns, add });
    return undefined;
  }
  list.multiply({ ...common, c: dx, k: operand.width, add });
  const loraGradient = list.matrix(dx.rows, dx.width);
  const factorsA = rowSlice(frozen, firstA, loraColumns);
  list.multiply({ layout: "nn", c: loraGradient, a: operandLora, b: factorsA, k: loraColumns });
  return loraGradient;
}

/** Adjacent outputs of fused projections as one matrix. */
function fusedOutput(
  projections: FusedProjections<"loraLinear">,
  matrixOf: (id: number) => Matrix,
  single: () => Matrix,
): Matrix {
  if (projections.nodes.length === 1) return single();
  const parts = projections.nodes.map((node) => matrixOf(node.outputs.y));
  return { ...parts[0]!, width: parts.reduce((sum, { width }) => sum + padded(width), 0) };
}

/** One launch for all projections if their gradients are contiguous, as they are in the flat vector; else one each. */
function factorGradients(
  c: NodeContext<"loraLinearGrad">,
  projections: FusedProjections<"loraLinearGrad">,
  x: Matrix,
  partOffsets: readonly number[],
): void {
  let fromRank = 0;
  const parts = projections.nodes.map((node, i) => {
    const s = columnSlice(projections.operandLora, fromRank, projections.ranks[i]!);
    fromRank += projections.ranks[i]!;
    const [dA, dB] = [c.lora.vectorOf(node.outputs.dA), c.lora.vectorOf(node.outputs.dB)];
    const loraHidden = c.lora.matrixOf(node.inputs.loraHidden);
    const dy = columnSlice(projections.operand, partOffsets[i]!, c.lora.matrixOf(node.inputs.dy).width);
    return { dA, dB, s, loraHidden, dy, rank: loraHidden.width, scale: node.attrs.scale };
  });
  const follows = (a: Vector, b: Vector): boolean =>
    a.view.buffer === b.view.buffer && a.view.offset + 4 * a.length === b.view.offset;
  const ordered = parts.toSorted((a, b) => a.dA.view.offset - b.dA.view.offset);
  const contiguous = ordered.every(
    (part, i) => i === 0 || (follows(ordered[i - 1]!.dA, part.dA) && follows(ordered[i - 1]!.dB, part.dB)),
  );
  for (const group of contiguous ? [ordered] : ordered.map((part) => [part])) {
    const sizeA = group.reduce((sum, { dA }) => sum + dA.length, 0);
    const size = group.reduce((sum, { dB }) => sum + dB.length, sizeA);
    let [offsetA, offsetB] = [0, sizeA];
    const entries: Field[][] = [];
    for (const { dA, dB, s, loraHidden, dy, rank, scale } of group) {
      entries.push(
        rankEntry(x, s, offsetA, rank, true, 1),
        rankEntry(dy, loraHidden, offsetB, rank, false, scale),
      );
      offsetA += dA.length;
      offsetB += dB.length;
    }
    const widest = Math.max(x.width, ...group.map(({ dy }) => dy.width));
    const rank = rankKernel(Math.max(...group.map((part) => part.rank)));
    const slab = Math.max(STEP, Math.ceil(x.rows / SLABS / STEP) * STEP);
    const slabs = Math.ceil(x.rows / slab);
    const partial = c.list.vector(slabs * size);
    c.list.launch(`rank_gradient_${rank}`, [Math.ceil(widest / TILE), slabs, entries.length], THREADS, [
      ptr(partial),
      { view: c.list.constant(entries.flat()) },
      i32(x.rows),
      i32(slab),
      i64(size),
    ]);
    const sums = [
      ptr(group[0]!.dA),
      ptr(group[0]!.dB),
      ptr(partial),
      i32(slabs),
      i64(sizeA),
      i64(size - sizeA),
    ];
    c.list.launch("sum_slabs", [Math.ceil(size / 256)], 256, sums);
  }
}

/** RankEntry of kernels/rank_gradient.cu. */
const rankEntry = (
  x: Matrix,
  y: Matrix,
  offset: number,
  rank: number,
  transposed: boolean,
  factor: number,
): Field[] => [
  ptr(x),
  ptr(y),
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
