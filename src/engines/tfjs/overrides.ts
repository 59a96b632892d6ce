import { ropeTables } from "../../ops/rope.ts";
import type { Lowering, Lowerings, NodeContext } from "../library/lowering.ts";
import { LOWERINGS } from "../library/ops/index.ts";
import { normRows, offsetWeight } from "../library/ops/rms-norm.ts";
import type { Ref } from "./kernels.ts";
import type { KernelRecorder } from "./recorder.ts";

/** With e = dy (weight + offset): dx = rstd e - x rstd³ mean(e x), as two summands. */
const rmsNormGrad: Lowering<"rmsNormGrad"> = ({ b, rows, grid, attrs }) => {
  const weight = grid("weight");
  const x = normRows(b, rows("x"), weight);
  const rstd = b.reshape(rows("rstd"), [x.shape[0]!, 1]);
  const e = b.mul(normRows(b, rows("dy"), weight), offsetWeight(b, weight, attrs.offset));
  const mean = b.mean(b.mul(e, x), 1, true);
  const cube = b.mul(b.square(rstd), rstd);
  const factor = b.times(b.mul(cube, mean), -1);
  return { dx: { terms: [b.mul(e, rstd), b.mul(x, factor)] } };
};

/**
 * Tables [positions, d] for both halves of a head: cos|cos, and the sine with the sign that it has in each half.
 * Rotating back changes the signs only.
 */
function table({ b, attrs }: NodeContext<"rope">, which: "cos" | "sin"): Ref {
  const { inverseFrequencies, maxPositions, inverse } = attrs;
  const half = inverseFrequencies.length;
  const key = `rope ${which} ${which === "sin" && inverse} ${maxPositions} ${inverseFrequencies.join()}`;
  return (b as KernelRecorder).constant(key, [maxPositions, 2 * half], () => {
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

/** x cos + swapped(x) sin, where swapped exchanges the two halves of each head: half the kernel calls of the default. */
const rope: Lowering<"rope"> = (c) => {
  const { node, grid, rows, attrs } = c;
  const k = c.b as KernelRecorder;
  const x = rows("x") as Ref;
  const T = x.shape[0]!;
  const half = attrs.inverseFrequencies.length;
  const at = (which: "cos" | "sin"): Ref => {
    const all = table(c, which);
    return k.share(`/at/${all.slot}/${node.inputs.positions}`, () =>
      k.reshape(k.gather(all, k.flat(grid("positions") as Ref)), [T, 1, 2 * half]),
    );
  };
  const heads = k.reshape(x, [T, attrs.heads, 2 * half]);
  const swapped = k.reverse(k.reshape(x, [T * attrs.heads, 2, half]), 1);
  const sines = k.mul(k.reshape(swapped, heads.shape), at("sin"));
  return { y: k.add(k.mul(heads, at("cos")), sines) };
};

export const TFJS_LOWERINGS: Lowerings = { ...LOWERINGS, rmsNormGrad, rope };
