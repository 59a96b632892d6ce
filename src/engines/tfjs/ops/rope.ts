import { ropeTables } from "../../../ops/rope.ts";
import type { Ref } from "../kernels.ts";
import type { Lowering, NodeContext } from "./lowering.ts";

/**
 * Tables [positions, d] for both halves of a head: cos|cos, and the sine with the sign that it has in each half.
 * Turning back changes the signs only.
 */
function table(c: NodeContext<"rope">, which: "cos" | "sin"): Ref {
  const { k, attrs } = c;
  const { inverseFrequencies, maxPositions, inverse } = attrs;
  const half = inverseFrequencies.length;
  const key = `rope ${which} ${which === "sin" && inverse} ${maxPositions} ${inverseFrequencies.join()}`;
  return k.constant(key, [maxPositions, 2 * half], () => {
    const values = ropeTables(inverseFrequencies, maxPositions)[which];
    const [first, second] = which === "cos" ? [1, 1] : inverse ? [1, -1] : [-1, 1];
    const both = new Float32Array(2 * values.length);
    for (const [i, value] of values.entries()) {
      const at = i + Math.floor(i / half) * half;
      both[at] = first * value;
      both[at + half] = second * value;
    }
    return both;
  });
}

/** x cos + swapped(x) sin, where swapped changes the places of the two halves of each head. */
export const rope: Lowering<"rope"> = (c) => {
  const { k, node, grid, rows, attrs } = c;
  const x = rows("x");
  const T = x.shape[0]!;
  const half = attrs.inverseFrequencies.length;
  const at = (which: "cos" | "sin"): Ref => {
    const all = table(c, which);
    return k.share(`/at/${all.slot}/${node.inputs.positions}`, () =>
      k.reshape(k.gather(all, k.flat(grid("positions"))), [T, 1, 2 * half]),
    );
  };
  const heads = k.reshape(x, [T, attrs.heads, 2 * half]);
  const swapped = k.reverse(k.reshape(x, [T * attrs.heads, 2, half]), 1);
  return [
    k.each(
      "Add",
      k.each("Multiply", heads, at("cos")),
      k.each("Multiply", k.reshape(swapped, heads.shape), at("sin")),
    ),
  ];
};
