import { ropeTables } from "../../../ops/rope.ts";
import type { GraphEmitter, Ref } from "../graph.ts";
import type { Lowering } from "./lowering.ts";

interface Tables {
  readonly cos: Ref;
  readonly sin: Ref;
}

function tables(g: GraphEmitter, frequencies: readonly number[], positions: number): Tables {
  return g.share(`/rope/${positions}/${frequencies.join()}`, () => {
    const { cos, sin } = ropeTables(frequencies, positions);
    const shape = [positions, frequencies.length];
    const number = g.share("/rope tables", () => ({ made: 0 }));
    const id = number.made++;
    return {
      cos: g.initializer(`/cos_${id}`, "float", shape, new Uint8Array(cos.buffer)),
      sin: g.initializer(`/sin_${id}`, "float", shape, new Uint8Array(sin.buffer)),
    };
  });
}

export const rope: Lowering<"rope"> = ({ g, node, grid, rows, attrs, shape }) => {
  const { cos, sin } = tables(g, attrs.inverseFrequencies, attrs.maxPositions);
  const half = attrs.inverseFrequencies.length;
  // Only the rows of the positions at hand go further: a table may have a hundred thousand.
  const at = (table: Ref): Ref =>
    g.share(`/at/${table.name}/${node.inputs.positions}`, () => {
      const positions = g.flat(grid("positions"));
      return g.node("Gather", [table, positions], { axis: 0 }, [...positions.shape, half]);
    });
  const turned = (): Ref =>
    attrs.inverse
      ? g.share(`/neg/${at(sin).name}`, () => g.node("Neg", [at(sin)], {}, at(sin).shape))
      : at(sin);
  if (g.profile === "ort") {
    const [B, S] = shape("positions") as [number, number];
    const attributes = { interleaved: 0, num_heads: attrs.heads };
    const inputs = [grid("x"), g.reshape(g.range(B * S), [B, S]), at(cos), turned()];
    return [g.node("RotaryEmbedding", inputs, attributes, shape("x"))];
  }
  const x = rows("x");
  const heads = g.reshape(x, [x.shape[0]!, attrs.heads, 2 * half]);
  const [lo, hi] = [g.slice(heads, 0, half, 2), g.slice(heads, half, 2 * half, 2)];
  const across = (table: Ref): Ref => g.reshape(table, [x.shape[0]!, 1, half]);
  const turn = (op: string, a: Ref, b: Ref): Ref =>
    g.each(op, g.each("Mul", a, across(at(cos))), g.each("Mul", b, across(turned())));
  return [g.concat([turn("Sub", lo, hi), turn("Add", hi, lo)], 2)];
};
