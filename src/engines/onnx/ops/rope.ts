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
  const turned = attrs.inverse ? g.share(`/neg/${sin.name}`, () => g.node("Neg", [sin], {}, sin.shape)) : sin;
  if (g.profile === "ort") {
    const x = grid(0);
    const attributes = { interleaved: 0, num_heads: attrs.heads };
    return [g.node("RotaryEmbedding", [x, grid(1), cos, turned], attributes, x.shape)];
  }
  const half = attrs.inverseFrequencies.length;
  const [B, S] = shape(1);
  const at = (table: Ref): Ref =>
    g.share(`/at/${table.name}/${node.inputs[1]}`, () =>
      g.reshape(g.node("Gather", [table, g.flat(grid(1))], { axis: 0 }, [...g.flat(grid(1)).shape, half]), [
        `${B}*${S}`,
        1,
        half,
      ]),
    );
  const x = rows(0);
  const heads = g.reshape(x, [x.shape[0]!, attrs.heads, 2 * half]);
  const [lo, hi] = [g.slice(heads, 0, half, 2), g.slice(heads, half, 2 * half, 2)];
  const part = (a: Ref, b: Ref, op: string): Ref =>
    g.each(op, g.each("Mul", a, at(cos)), g.each("Mul", b, at(turned)));
  return [g.concat([part(lo, hi, "Sub"), part(hi, lo, "Add")], 2)];
};
