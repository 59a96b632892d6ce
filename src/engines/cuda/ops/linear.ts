import type { Lowering } from "./lowering.ts";

export const linear: Lowering<"linear"> = (c) => {
  const b = c.weight(1);
  const bias = c.node.inputs.length > 2 ? c.weightVector(2) : undefined;
  const k = b.width;
  c.list.multiply({
    c: c.out(0),
    a: c.matrix(0),
    b,
    layout: "nt",
    k,
    add: c.addend(),
    bias,
  });
};

export const linearGrad: Lowering<"linearGrad"> = (c) => {
  const b = c.weight(1);
  c.list.multiply({
    c: c.out(0),
    a: c.matrix(0),
    b,
    layout: "nn",
    k: b.rows,
    add: c.addend(),
  });
};
