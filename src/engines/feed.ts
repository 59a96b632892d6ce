import type { Program, Value } from "../program/program.ts";
import type { HostTensor, Tensors } from "./engine.ts";

/**
 * The feed of an input of a Program whose sizes are all numbers.
 * @throws Error if it is missing or has another shape
 */
export function feedOf(program: Program, { name, shape }: Value, given: Tensors): HostTensor {
  const feed = given[name];
  if (feed === undefined) throw new Error(`input ${name} of ${program.name} was not fed`);
  if (feed.shape.join() !== shape.join()) {
    throw new Error(`input ${name} of ${program.name} is [${feed.shape.join()}], not [${shape.join()}]`);
  }
  return feed;
}
