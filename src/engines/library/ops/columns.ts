import type { Lowering } from "../lowering.ts";

export const splitColumns: Lowering<"splitColumns"> = ({ b, rows, attrs }) => {
  const x = rows("x");
  const sizes = Array<number>(attrs.count).fill(Number(x.shape[1]) / attrs.count);
  return { parts: b.split(x, sizes, 1) };
};

export const concatColumns: Lowering<"concatColumns"> = ({ b, node, gridOf, shapeOf }) => {
  const { parts } = node.inputs;
  const axis = shapeOf(parts[0]!).length - 1;
  return { y: b.concat(parts.map(gridOf), axis) };
};
