import { type Tensor, tensor } from "../tensor.ts";
import type { Kernel } from "./kernel.ts";

interface Operands {
  readonly x: Tensor;
  readonly filter: Tensor;
  readonly bias?: Tensor | undefined;
}

/** Sizes, and the columns B, C and v of x at a row. */
function sizesOf({ x, filter }: Operands) {
  const [D, , L] = filter.shape as [number, number, number];
  const [batch, S] = x.shape as [number, number, number];
  const column = (part: 0 | 1 | 2) => (row: number, d: number) => x.data[(row * 3 + part) * D + d]!;
  return { batch, S, D, L, gate: column(0), out: column(1), value: column(2) };
}

/** Calls `visit` with each row, each row that the convolution sees from it, and the distance of the two. */
function eachPair(
  batch: number,
  S: number,
  L: number,
  segments: Tensor,
  visit: (row: number, seen: number, distance: number) => void,
): void {
  for (let row = 0; row < batch * S; row++) {
    for (let j = 0; j <= Math.min(L - 1, row % S); j++) {
      if (segments.data[row] === segments.data[row - j]) visit(row, row - j, j);
    }
  }
}

/** The convolution's result before the second gate, [B,S,D]. */
function convolved(operands: Operands, segments: Tensor): Tensor {
  const { batch, S, D, L, gate, value } = sizesOf(operands);
  const { filter, bias } = operands;
  const c = tensor([batch, S, D]);
  if (bias !== undefined) for (let i = 0; i < c.data.length; i++) c.data[i] = bias.data[i % D]!;
  eachPair(batch, S, L, segments, (row, seen, j) => {
    for (let d = 0; d < D; d++) {
      c.data[row * D + d]! += filter.data[d * L + L - 1 - j]! * gate(seen, d) * value(seen, d);
    }
  });
  return c;
}

export const gatedConv: Kernel<"gatedConv"> = ({ segments, ...operands }) => {
  const { D, out } = sizesOf(operands);
  const c = convolved(operands, segments);
  return {
    y: tensor(
      c.shape,
      c.data.map((v, i) => v * out(Math.floor(i / D), i % D)),
    ),
  };
};

export const gatedConvGrad: Kernel<"gatedConvGrad"> = ({ dy, segments, ...operands }) => {
  const { batch, S, D, L, gate, out, value } = sizesOf(operands);
  const c = convolved(operands, segments);
  const du = tensor(c.shape);
  eachPair(batch, S, L, segments, (row, seen, j) => {
    for (let d = 0; d < D; d++) {
      const g = dy.data[row * D + d]! * out(row, d);
      du.data[seen * D + d]! += operands.filter.data[d * L + L - 1 - j]! * g;
    }
  });
  const dx = tensor(operands.x.shape);
  for (let row = 0; row < batch * S; row++) {
    for (let d = 0; d < D; d++) {
      const [at, i] = [row * 3 * D + d, row * D + d];
      dx.data[at] = du.data[i]! * value(row, d);
      dx.data[at + D] = dy.data[i]! * c.data[i]!;
      dx.data[at + 2 * D] = du.data[i]! * gate(row, d);
    }
  }
  return { dx };
};

export const cachedGatedConv: Kernel<"cachedGatedConv"> = ({ past, mask, ...operands }) => {
  const { batch, S, D, L, gate, out, value } = sizesOf(operands);
  const total = mask.shape[1]!;
  const y = tensor([batch, S, D]);
  const present = tensor(past.shape);
  for (let b = 0; b < batch; b++) {
    for (let d = 0; d < D; d++) {
      const state = (b * D + d) * L;
      const u = [...past.data.subarray(state, state + L)];
      for (let t = 0; t < S; t++) {
        const row = b * S + t;
        u.push(mask.data[b * total + total - S + t] === 0 ? 0 : gate(row, d) * value(row, d));
        let c = operands.bias?.data[d] ?? 0;
        for (let j = 0; j < L; j++) c += operands.filter.data[d * L + L - 1 - j]! * u.at(-1 - j)!;
        y.data[row * D + d] = c * out(row, d);
      }
      present.data.set(u.slice(-L), state);
    }
  }
  return { y, present };
};
