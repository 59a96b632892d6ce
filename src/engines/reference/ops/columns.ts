import { withLast } from "../../../ops/definition.ts";
import { asMatrix, tensor } from "../tensor.ts";
import type { Kernel } from "./kernel.ts";

export const splitColumns: Kernel<"splitColumns"> = ({ x }, { count }) => {
  const [T, width] = asMatrix(x);
  const size = width / count;
  const parts = Array.from({ length: count }, (_, i) => {
    const part = tensor(withLast(x.shape, size) as number[]);
    for (let t = 0; t < T; t++) {
      const from = t * width + i * size;
      part.data.set(x.data.subarray(from, from + size), t * size);
    }
    return part;
  });
  return { parts };
};

export const concatColumns: Kernel<"concatColumns"> = ({ parts }) => {
  const [T, size] = asMatrix(parts[0]!);
  const width = size * parts.length;
  const y = tensor(withLast(parts[0]!.shape, width) as number[]);
  for (const [i, { data }] of parts.entries()) {
    for (let t = 0; t < T; t++) y.data.set(data.subarray(t * size, (t + 1) * size), t * width + i * size);
  }
  return { y };
};
