import type { ValueId } from "../program/program.ts";
import { elements, expectShape, f32, type OpDefinition, sameShape } from "./definition.ts";

const noFlops = (): number => 0;

export const embed: OpDefinition<"embed"> = {
  outputs: ({ ids, table }) => ({ y: f32("embedded", [...ids, table[1]!]) }),
  gradient: "none",
  flops: noFlops,
};

export const columnIndex: OpDefinition<"columnIndex"> = {
  outputs: ({ ids }) => ({ index: { name: "column_index", dtype: "i64", shape: ids } }),
  gradient: "none",
  flops: noFlops,
};

export const add: OpDefinition<"add"> = {
  outputs: ({ a, b }) => {
    expectShape(sameShape(a, b), "add", { a, b });
    return { y: f32("sum", a) };
  },
  gradient: ({ dOutputs, needs }) => ({
    a: needs("a") ? dOutputs.y : null,
    b: needs("b") ? dOutputs.y : null,
  }),
  flops: noFlops,
};

export const multiply: OpDefinition<"multiply"> = {
  outputs: ({ a, b }) => {
    expectShape(sameShape(a, b), "multiply", { a, b });
    return { y: f32("product", a) };
  },
  gradient: ({ b, inputs, dOutputs, needs }) => {
    const times = (factor: ValueId): ValueId => b.node("multiply", { a: dOutputs.y!, b: factor }, {}).y;
    return { a: needs("a") ? times(inputs.b) : null, b: needs("b") ? times(inputs.a) : null };
  },
  flops: noFlops,
};

export const scale: OpDefinition<"scale"> = {
  outputs: ({ x }) => ({ y: f32("scaled", x) }),
  gradient: ({ b, dOutputs, attrs }) => ({ x: b.node("scale", { x: dOutputs.y! }, attrs).y }),
  flops: noFlops,
};

/** Added after differentiation. */
export const cast: OpDefinition<"cast"> = {
  outputs: ({ x }, { to }) => ({ y: { name: to, dtype: to, shape: x } }),
  gradient: "none",
  flops: noFlops,
};

export const zerosLike: OpDefinition<"zerosLike"> = {
  outputs: ({ x }) => ({ y: f32("zeros", x) }),
  gradient: "none",
  flops: noFlops,
};

export const gatherRows: OpDefinition<"gatherRows"> = {
  outputs: ({ x, rows }) => ({ y: f32("rows", [rows[0]!, x[2]!]) }),
  gradient: ({ b, inputs: { x, rows }, dOutputs }) => ({
    x: b.node("scatterRows", { dy: dOutputs.y!, rows, like: x }, {}).dx,
  }),
  flops: noFlops,
};

export const scatterRows: OpDefinition<"scatterRows"> = {
  outputs: ({ like }) => ({ dx: f32("scattered", like) }),
  gradient: "none",
  flops: noFlops,
};

export const unflatten: OpDefinition<"unflatten"> = {
  outputs: ({ flat }, { shapes }) => {
    const size = shapes.reduce((sum, shape) => sum + elements(shape), 0);
    expectShape(flat[0] === size, "unflatten", { flat });
    return { parts: shapes.map((shape, i) => f32(`part${i}`, shape)) };
  },
  gradient: ({ b, dOutputs }) => {
    const parts = dOutputs.parts.map((d, i): ValueId => {
      if (d === null) throw new Error(`unflatten: part ${i} of the parameters does not reach the loss`);
      return d;
    });
    return { flat: b.node("flatten", { parts }, {}).flat };
  },
  flops: noFlops,
};

export const flatten: OpDefinition<"flatten"> = {
  outputs: ({ parts }) => {
    const size = parts.reduce((sum, shape) => sum + elements(shape as number[]), 0);
    return { flat: f32("flat", [size]) };
  },
  gradient: "none",
  flops: noFlops,
};
