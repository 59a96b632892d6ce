import { ropeTables } from "../../../ops/rope.ts";
import type { Lowering, NodeContext } from "../lowering.ts";
import type { Tensor } from "../tensor-builder.ts";

/** Cosine and sine of each position's angles, [T, d/2]. Only these rows of the tables are used further. */
export function anglesOf({ b, node, grid, attrs }: NodeContext<"rope">): { cos: Tensor; sin: Tensor } {
  const { inverseFrequencies, maxPositions } = attrs;
  const shape = [maxPositions, inverseFrequencies.length];
  const key = `rope/${maxPositions}/${inverseFrequencies.join()}`;
  const tables = b.share(`/tables/${key}`, () => {
    const { cos, sin } = ropeTables(inverseFrequencies, maxPositions);
    return {
      cos: b.constant(`cos/${key}`, shape, () => cos),
      sin: b.constant(`sin/${key}`, shape, () => sin),
    };
  });
  const at = (table: Tensor): Tensor =>
    b.share(`/at/${b.key(table)}/${node.inputs.positions}`, () => b.gather(table, b.flat(grid("positions"))));
  return { cos: at(tables.cos), sin: at(tables.sin) };
}

export const rope: Lowering<"rope"> = (c) => {
  const { b, rows, attrs } = c;
  const { cos, sin } = anglesOf(c);
  const half = attrs.inverseFrequencies.length;
  const x = rows("x");
  const T = x.shape[0]!;
  const heads = b.reshape(x, [T, attrs.heads, 2 * half]);
  const [low, high] = [b.slice(heads, 0, half, 2), b.slice(heads, half, 2 * half, 2)];
  const across = (table: Tensor): Tensor => b.reshape(table, [T, 1, half]);
  const rotated = (op: "add" | "sub", u: Tensor, v: Tensor): Tensor =>
    b[op](b.mul(u, across(cos)), b.mul(v, across(sin)));
  const [first, second] = attrs.inverse ? (["add", "sub"] as const) : (["sub", "add"] as const);
  return { y: b.concat([rotated(first, low, high), rotated(second, high, low)], 2) };
};
