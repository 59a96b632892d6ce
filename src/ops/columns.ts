import type { Shape } from "../program/program.ts";
import { expectShape, f32, last, type OpDefinition, sameShape, withLast } from "./definition.ts";

/** Undoes a projection that computes several values at once, such as GPT-2's c_attn: q, k and v. */
export const splitColumns: OpDefinition<"splitColumns"> = {
  outputs: ({ x }, { count }) => {
    const width = Number(last(x)) / count;
    expectShape(Number.isInteger(width), "splitColumns", { x });
    return { parts: Array.from({ length: count }, (_, i) => f32(`part${i}`, withLast(x, width))) };
  },
  gradient: ({ b, dOutputs: { parts }, needs }) => {
    if (!needs("x")) return { x: null };
    const some = parts.find((part) => part !== null)!;
    const all = parts.map((part) => part ?? b.node("scale", { x: some }, { factor: 0 }).y);
    return { x: b.node("concatColumns", { parts: all }, {}).y };
  },
  flops: () => 0,
};

export const concatColumns: OpDefinition<"concatColumns"> = {
  outputs: ({ parts }) => {
    const [first] = parts as [Shape];
    const shapes = Object.fromEntries(parts.map((part, i) => [`part${i}`, part]));
    expectShape(
      parts.every((part) => sameShape(part, first)),
      "concatColumns",
      shapes,
    );
    return { y: f32("columns", withLast(first, Number(last(first)) * parts.length)) };
  },
  gradient: "none",
  flops: () => 0,
};
