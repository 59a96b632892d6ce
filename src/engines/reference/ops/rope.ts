import { ropeTables } from "../../../ops/rope.ts";
import { asMatrix, tensor } from "../tensor.ts";
import type { Kernel } from "./kernel.ts";

export const rope: Kernel<"rope"> = ({ x, positions }, { heads, inverseFrequencies, inverse }) => {
  const half = inverseFrequencies.length;
  const [T] = asMatrix(x);
  const { cos, sin } = ropeTables(inverseFrequencies, Math.max(0, ...positions.data) + 1);
  const out = tensor(x.shape);
  for (let t = 0; t < T; t++) {
    const p = positions.data[t]! * half;
    for (let h = 0; h < heads; h++) {
      const at = (t * heads + h) * 2 * half;
      for (let j = 0; j < half; j++) {
        const [a, b] = [x.data[at + j]!, x.data[at + half + j]!];
        const [c, s] = [cos[p + j]!, inverse ? -sin[p + j]! : sin[p + j]!];
        out.data[at + j] = a * c - b * s;
        out.data[at + half + j] = b * c + a * s;
      }
    }
  }
  return { y: out };
};
