import type { Lowering } from "./lowering.ts";

export const embed: Lowering<"embed"> = ({ k, grid }) => [
  k.cast(k.gather(grid("table"), k.flat(grid("ids"))), "float32"),
];

export const cast: Lowering<"cast"> = ({ k, grid, attrs }) => [
  k.cast(grid("x"), attrs.to === "bf16" ? "bfloat16" : "float32"),
];

export const add: Lowering<"add"> = ({ k, grid, rows, shape }) =>
  shape("a").length > 1 ? [k.each("Add", rows("a"), rows("b"))] : [k.each("Add", grid("a"), grid("b"))];

export const scale: Lowering<"scale"> = ({ k, grid, attrs }) => [
  k.each("Multiply", grid("x"), k.scalar(attrs.factor)),
];

export const gatherRows: Lowering<"gatherRows"> = ({ k, rows, grid }) => [k.gather(rows("x"), grid("rows"))];

/** On a GPU the sum is made with atomic additions, whose order varies; only rows of zeros repeat, so the result does not. */
export const scatterRows: Lowering<"scatterRows"> = ({ k, shape, rows, grid }) => {
  const [B, S] = shape("like") as [number, number, number];
  return [k.segmentSum(rows("dy"), grid("rows"), B * S)];
};

export const unflatten: Lowering<"unflatten"> = ({ k, grid, attrs }) => {
  let from = 0;
  return attrs.shapes.map((shape) => {
    const length = shape.reduce((n, d) => n * d, 1);
    from += length;
    return k.reshape(k.slice(grid("flat"), from - length, from), shape);
  });
};

export const flatten: Lowering<"flatten"> = ({ k, node, gridOf }) => [
  k.concat(
    node.inputs.parts.map((id) => k.flat(gridOf(id))),
    0,
  ),
];

export const zerosLike: Lowering<"zerosLike"> = ({ k, grid }) => [k.map("ZerosLike", grid("x"))];
