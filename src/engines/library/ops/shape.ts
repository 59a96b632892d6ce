import type { Lowering } from "../lowering.ts";

export const embed: Lowering<"embed"> = ({ b, grid }) => ({
  y: b.cast(b.gather(grid("table"), b.flat(grid("ids"))), "f32"),
});

export const columnIndex: Lowering<"columnIndex"> = ({ b, grid }) => ({ index: b.columnIndex(grid("ids")) });

export const add: Lowering<"add"> = ({ b, grid, rows, shape }) => ({
  y: shape("a").length > 1 ? b.add(rows("a"), rows("b")) : b.add(grid("a"), grid("b")),
});

export const multiply: Lowering<"multiply"> = ({ b, rows }) => ({ y: b.mul(rows("a"), rows("b")) });

export const cast: Lowering<"cast"> = ({ b, grid, attrs }) => ({ y: b.cast(grid("x"), attrs.to) });

export const scale: Lowering<"scale"> = ({ b, grid, attrs }) => ({
  y: b.mul(grid("x"), b.scalar(attrs.factor)),
});

export const gatherRows: Lowering<"gatherRows"> = ({ b, rows, grid }) => ({
  y: b.gather(rows("x"), grid("rows")),
});

export const scatterRows: Lowering<"scatterRows"> = ({ b, shape, rows, grid }) => {
  const [B, S] = shape("like") as [number, number, number];
  return { dx: b.segmentSum(rows("dy"), grid("rows"), B * S) };
};

export const unflatten: Lowering<"unflatten"> = ({ b, grid, attrs }) => {
  let from = 0;
  const parts = attrs.shapes.map((shape) => {
    const length = shape.reduce((n, d) => n * d, 1);
    from += length;
    return b.reshape(b.slice(grid("flat"), from - length, from), shape);
  });
  return { parts };
};

export const flatten: Lowering<"flatten"> = ({ b, node, gridOf }) => {
  const parts = node.inputs.parts.map((id) => b.flat(gridOf(id)));
  return { flat: b.concat(parts, 0) };
};

export const zerosLike: Lowering<"zerosLike"> = ({ b, grid }) => ({ y: b.zerosLike(grid("x")) });
