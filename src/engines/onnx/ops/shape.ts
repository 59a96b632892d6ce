import type { Lowering } from "./lowering.ts";

export const embed: Lowering<"embed"> = ({ g, grid }) => {
  const [ids, table] = [g.flat(grid("ids")), grid("table")];
  return [g.node("Gather", [table, ids], { axis: 0 }, [...ids.shape, table.shape[1]!])];
};

export const add: Lowering<"add"> = ({ g, shape, rows, grid }) =>
  shape("a").length > 1 ? [g.each("Add", rows("a"), rows("b"))] : [g.each("Add", grid("a"), grid("b"))];

export const cast: Lowering<"cast"> = () => {
  throw new Error("onnx engine: computes in float32 only");
};

export const scale: Lowering<"scale"> = ({ g, grid, attrs }) => [
  g.each("Mul", grid("x"), g.scalar(attrs.factor)),
];

export const gatherRows: Lowering<"gatherRows"> = ({ g, rows, grid }) => {
  const [x, index] = [rows("x"), grid("rows")];
  return [g.node("Gather", [x, index], { axis: 0 }, [index.shape[0]!, x.shape[1]!])];
};

/**
 * A product with the 0-1 matrix that says which row goes where: sums rows that repeat, in a fixed order, which a scatter
 * on several threads does not. [T,N] [N,D] is nothing beside the head's [N,D] [D,V].
 */
export const scatterRows: Lowering<"scatterRows"> = ({ g, shape, rows, grid }) => {
  const [B, S] = shape("like") as [number, number, number];
  const [N] = shape("rows") as [number];
  const equal = g.each("Equal", g.reshape(g.range(B * S), [B * S, 1]), g.reshape(grid("rows"), [1, N]));
  return [g.matmul(g.node("Cast", [equal], { to: 1 }, equal.shape), rows("dy"))];
};

export const unflatten: Lowering<"unflatten"> = ({ g, grid, attrs }) => {
  let from = 0;
  return attrs.shapes.map((shape) => {
    const length = shape.reduce((n, d) => n * d, 1);
    from += length;
    return g.reshape(g.slice(grid("flat"), from - length, from), shape);
  });
};

export const flatten: Lowering<"flatten"> = ({ g, node, gridOf }) => [
  g.concat(
    node.inputs.parts.map((id) => g.flat(gridOf(id))),
    0,
  ),
];

export const zerosLike: Lowering<"zerosLike"> = ({ g, shape }) => {
  const sizes = shape("x") as readonly number[];
  // The default value of ConstantOfShape is a float zero.
  return [g.node("ConstantOfShape", [g.ints(...sizes)], {}, sizes)];
};
