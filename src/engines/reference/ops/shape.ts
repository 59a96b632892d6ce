import { elements } from "../../../ops/definition.ts";
import { tensor, toBf16 } from "../tensor.ts";
import type { Kernel } from "./kernel.ts";

export const embed: Kernel<"embed"> = ({ ids, table }) => {
  const D = table.shape[1]!;
  const out = tensor([...ids.shape, D]);
  for (const [i, id] of ids.data.entries()) out.data.set(table.data.subarray(id * D, (id + 1) * D), i * D);
  return { y: out };
};

export const columnIndex: Kernel<"columnIndex"> = ({ ids }) => {
  const S = ids.shape[1]!;
  return {
    index: tensor(
      ids.shape,
      ids.data.map((_, i) => i % S),
    ),
  };
};

export const add: Kernel<"add"> = ({ a, b }) => ({
  y: tensor(
    a.shape,
    a.data.map((x, i) => x + b.data[i]!),
  ),
});

export const multiply: Kernel<"multiply"> = ({ a, b }) => ({
  y: tensor(
    a.shape,
    a.data.map((x, i) => x * b.data[i]!),
  ),
});

export const cast: Kernel<"cast"> = ({ x }, { to }) => ({
  y: to === "bf16" ? toBf16(x) : { shape: x.shape, data: x.data },
});

export const scale: Kernel<"scale"> = ({ x }, { factor }) => ({
  y: tensor(
    x.shape,
    x.data.map((v) => v * factor),
  ),
});

export const zerosLike: Kernel<"zerosLike"> = ({ x }) => ({ y: tensor(x.shape) });

export const gatherRows: Kernel<"gatherRows"> = ({ x, rows }) => {
  const D = x.shape[2]!;
  const out = tensor([rows.shape[0]!, D]);
  for (const [n, row] of rows.data.entries()) out.data.set(x.data.subarray(row * D, (row + 1) * D), n * D);
  return { y: out };
};

export const scatterRows: Kernel<"scatterRows"> = ({ dy, rows, like }) => {
  const out = tensor(like.shape);
  const D = like.shape[2]!;
  for (const [n, row] of rows.data.entries()) {
    for (let d = 0; d < D; d++) out.data[row * D + d]! += dy.data[n * D + d]!;
  }
  return { dx: out };
};

export const unflatten: Kernel<"unflatten"> = ({ flat }, { shapes }) => {
  let offset = 0;
  const parts = shapes.map((shape) => {
    const size = elements(shape);
    offset += size;
    return tensor(shape, flat.data.slice(offset - size, offset));
  });
  return { parts };
};

export const flatten: Kernel<"flatten"> = ({ parts }) => {
  const out = tensor([parts.reduce((sum, part) => sum + part.data.length, 0)]);
  let offset = 0;
  for (const part of parts) {
    out.data.set(part.data, offset);
    offset += part.data.length;
  }
  return { flat: out };
};
