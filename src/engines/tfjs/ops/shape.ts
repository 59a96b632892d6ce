import type { Lowering } from "./lowering.ts";

export const embed: Lowering<"embed"> = ({ k, grid }) => [
  k.cast(k.gather(grid(1), k.flat(grid(0))), "float32"),
];

export const cast: Lowering<"cast"> = ({ k, grid, attrs }) => [
  k.cast(grid(0), attrs.to === "bf16" ? "bfloat16" : "float32"),
];

export const add: Lowering<"add"> = ({ k, grid, rows, shape }) =>
  shape(0).length > 1 ? [k.each("Add", rows(0), rows(1))] : [k.each("Add", grid(0), grid(1))];

export const scale: Lowering<"scale"> = ({ k, grid, attrs }) => [
  k.each("Multiply", grid(0), k.scalar(attrs.factor)),
];

export const gatherRows: Lowering<"gatherRows"> = ({ k, rows, grid }) => [k.gather(rows(0), grid(1))];

/** On a GPU the sum is made with atomic additions, whose order varies; only rows of zeros repeat, so the result does not. */
export const scatterRows: Lowering<"scatterRows"> = ({ k, shape, rows, grid }) => {
  const [B, S] = shape(2) as [number, number, number];
  return [k.segmentSum(rows(0), grid(1), B * S)];
};

export const unflatten: Lowering<"unflatten"> = ({ k, grid, attrs }) => {
  let from = 0;
  return attrs.shapes.map((shape) => {
    const length = shape.reduce((n, d) => n * d, 1);
    from += length;
    return k.reshape(k.slice(grid(0), from - length, from), shape);
  });
};

export const flatten: Lowering<"flatten"> = ({ k, node, grid }) => [
  k.concat(
    node.inputs.map((_, i) => k.flat(grid(i))),
    0,
  ),
];

export const zerosLike: Lowering<"zerosLike"> = ({ k, grid }) => [k.map("ZerosLike", grid(0))];
