import type { Lowering } from "./lowering.ts";

export const linear: Lowering<"linear"> = (c) => {
  const b = c.weight("weight");
  const bias = c.node.inputs.bias === undefined ? undefined : c.weightVector("bias");
  const k = b.width;
  c.list.multiply({
    c: c.out("y"),
    a: c.matrix("x"),
    b,
    layout: "nt",
    k,
    add: c.addend(),
    bias,
  });
};

export const linearGrad: Lowering<"linearGrad"> = (c) => {
  const b = c.weight("weight");
  c.list.multiply({
    c: c.out("dx"),
    a: c.matrix("dy"),
    b,
    layout: "nn",
    k: b.rows,
    add: c.addend(),
  });
};
