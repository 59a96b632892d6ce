import type { OpName } from "../ops/attrs.ts";
import { definitionOf } from "../ops/index.ts";
import type { Inputs } from "../ops/signatures.ts";
import { bytesOf } from "./liveness.ts";
import {
  inputsOf,
  mapNamed,
  type Named,
  type Node,
  type NodeOf,
  outputsOf,
  type Program,
  type Value,
  type ValueId,
} from "./program.ts";

export interface Cost {
  /** Floating-point operations of all products, a multiply-add counting two. */
  readonly flops: number;
  /** Bytes that the nodes read and write when none of them is fused. */
  readonly bytes: number;
}

/** `sizeOf`: bytes of a value, for an engine that stores some values in another format than the Program's. */
export function costOfNode(program: Program, node: Node, sizeOf: (value: Value) => number = bytesOf): Cost {
  const bytes = [...inputsOf(node), ...outputsOf(node)].reduce(
    (sum, id) => sum + sizeOf(program.values[id]!),
    0,
  );
  return { flops: flopsOf(program, node), bytes };
}

function flopsOf<Op extends OpName>(program: Program, { op, inputs, attrs }: NodeOf<Op>): number {
  const shapes = mapNamed(inputs as Named<ValueId>, (id) => program.values[id]!.shape as number[]);
  return definitionOf(op).flops(shapes as unknown as Inputs<Op, readonly number[]>, attrs);
}

/** Sizes must be numbers. */
export function costOf(program: Program): Cost {
  const costs = program.nodes.map((node) => costOfNode(program, node));
  return {
    flops: costs.reduce((sum, cost) => sum + cost.flops, 0),
    bytes: costs.reduce((sum, cost) => sum + cost.bytes, 0),
  };
}
