import { elements, expectShape, f32, type OpDefinition, sameShape } from "./definition.ts";

const noFlops = (): number => 0;

export const embed: OpDefinition<"embed"> = {
  outputs: ([ids, table]) => [f32("embedded", [...ids!, table![1]!])],
  gradient: "none",
  frozen: { matrix: 1, operands: [] },
  flops: noFlops,
};

export const add: OpDefinition<"add"> = {
  outputs: (shapes) => {
    expectShape(sameShape(shapes[0]!, shapes[1]!), "add", shapes);
    return [f32("sum", shapes[0]!)];
  },
  gradient: ({ dOutputs, needs }) => [0, 1].map((i) => (needs(i) ? dOutputs[0]! : null)),
  flops: noFlops,
};

export const scale: OpDefinition<"scale"> = {
  outputs: ([x]) => [f32("scaled", x!)],
  gradient: ({ b, dOutputs, attrs }) => [b.node("scale", [dOutputs[0]!], attrs)[0]!],
  flops: noFlops,
};

/** Put in after differentiation. */
export const cast: OpDefinition<"cast"> = {
  outputs: ([x], { to }) => [{ name: to, dtype: to, shape: x! }],
  gradient: "none",
  flops: noFlops,
};

export const zerosLike: OpDefinition<"zerosLike"> = {
  outputs: ([x]) => [f32("zeros", x!)],
  gradient: "none",
  flops: noFlops,
};

export const gatherRows: OpDefinition<"gatherRows"> = {
  outputs: ([x, rows]) => [f32("rows", [rows![0]!, x![2]!])],
  gradient: ({ b, inputs, dOutputs }) => [
    b.node("scatterRows", [dOutputs[0]!, inputs[1]!, inputs[0]!], {})[0]!,
    null,
  ],
  flops: noFlops,
};

export const scatterRows: OpDefinition<"scatterRows"> = {
  outputs: ([, , like]) => [f32("scattered", like!)],
  gradient: "none",
  flops: noFlops,
};

export const unflatten: OpDefinition<"unflatten"> = {
  outputs: (shapes, { shapes: parts }) => {
    const size = parts.reduce((sum, part) => sum + elements(part), 0);
    expectShape(shapes[0]![0] === size, "unflatten", shapes);
    return parts.map((part, i) => f32(`part${i}`, part));
  },
  gradient: ({ b, dOutputs }) => {
    const parts = dOutputs.map((d, i) => {
      if (d === null) throw new Error(`unflatten: part ${i} of the parameters does not reach the loss`);
      return d;
    });
    return [b.node("flatten", parts, {})[0]!];
  },
  flops: noFlops,
};

export const flatten: OpDefinition<"flatten"> = {
  outputs: (shapes) => [f32("flat", [shapes.reduce((sum, s) => sum + elements(s as number[]), 0)])],
  gradient: "none",
  flops: noFlops,
};
