import { definitionOf } from "../ops/index.ts";
import { bytesOf } from "./liveness.ts";
import type { Node, Program, Value } from "./program.ts";

export interface Cost {
  /** Floating-point operations of all products, a multiply-add counting two. */
  readonly flops: number;
  /** Bytes that the nodes read and write when none of them is fused. */
  readonly bytes: number;
}

/** `sizeOf`: bytes of a value, for an engine that keeps some of them otherwise than the Program says. */
export function costOfNode(program: Program, node: Node, sizeOf: (value: Value) => number = bytesOf): Cost {
  const values = node.inputs.map((id) => program.values[id]!);
  const flops = definitionOf(node.op).flops(
    values.map((value) => value.shape as number[]),
    node.attrs,
  );
  const bytes = [...values, ...node.outputs.map((id) => program.values[id]!)].reduce(
    (sum, value) => sum + sizeOf(value),
    0,
  );
  return { flops, bytes };
}

/** Sizes must be numbers. */
export function costOf(program: Program): Cost {
  const costs = program.nodes.map((node) => costOfNode(program, node));
  return {
    flops: costs.reduce((sum, cost) => sum + cost.flops, 0),
    bytes: costs.reduce((sum, cost) => sum + cost.bytes, 0),
  };
}
