import { bytesOf } from "../../program/liveness.ts";
import type { Program } from "../../program/program.ts";
import type { DeviceMemory } from "../engine.ts";
import { type BuiltGraph, tensorBytes } from "../onnx/graph.ts";
import { lowerProgram } from "../onnx/lower.ts";

/** Kernels that the provider records before it submits them; a buffer freed in between is reused only after that. */
const SUBMITTED = 16;

/** Bytes of a buffer: the provider rounds up to 16. */
const rounded = (bytes: number): number => 16 * Math.ceil(bytes / 16);

export interface StepBuffers {
  /** Number and bytes of the buffers that a run makes for its values, those of its outputs included. */
  readonly count: number;
  readonly bytes: number;
  /** Bytes of inputs that a run uploads, and of constants that the graph holds. */
  readonly uploaded: number;
  readonly constants: number;
}

/**
 * Buffers of a run, by playing the graph's nodes in order with the provider's cache, which reuses a freed buffer for a value of
 * exactly the same size. `uploaded`: names of inputs that come from the host.
 */
export function stepBuffers(graph: BuiltGraph, uploaded: ReadonlySet<string>): StepBuffers {
  const root = new Map<string, string>();
  const rootOf = (name: string): string => root.get(name) ?? name;
  // A reshape is another name of the same buffer.
  for (const { op, inputs, outputs } of graph.nodes)
    if (op === "Reshape") root.set(outputs[0]!, rootOf(inputs[0]!));
  const last = new Map<string, number>();
  for (const [i, { inputs }] of graph.nodes.entries()) for (const name of inputs) last.set(rootOf(name), i);
  for (const { name } of graph.outputs) last.set(rootOf(name), graph.nodes.length);

  const made = new Map<string, number>();
  const free = new Map<number, number>();
  let pending: number[] = [];
  let [count, bytes] = [0, 0];
  for (const [i, { op, inputs, outputs }] of graph.nodes.entries()) {
    if (op !== "Reshape")
      for (const name of outputs) {
        const size = rounded(tensorBytes(graph, name));
        const spare = free.get(size) ?? 0;
        if (spare > 0) free.set(size, spare - 1);
        else {
          count++;
          bytes += size;
        }
        made.set(name, size);
      }
    for (const name of new Set([...inputs, ...outputs].map(rootOf))) {
      const size = made.get(name);
      if (size === undefined || (last.get(name) ?? -1) > i) continue;
      pending.push(size);
      made.delete(name);
    }
    if (i % SUBMITTED === SUBMITTED - 1) {
      for (const size of pending) free.set(size, (free.get(size) ?? 0) + 1);
      pending = [];
    }
  }
  const sum = (names: readonly string[]): number =>
    names.reduce((total, name) => total + rounded(tensorBytes(graph, name)), 0);
  return {
    count,
    bytes,
    uploaded: sum(graph.inputs.map(({ name }) => name).filter((name) => uploaded.has(name))),
    constants: sum(graph.initializers.map(({ name }) => name)),
  };
}

/** Bytes that a run needs beside weights, state and constants. */
export const runBytes = ({ bytes, uploaded }: StepBuffers): number => bytes + uploaded;

export const webgpuGraph = (program: Program): BuiltGraph =>
  lowerProgram(program, { profile: "webgpu", weight: () => ({ fed: true }) });

/** Memory of a session with these Programs; they share weights and state, and the cache of buffers grows with the largest. */
export function sessionBytes(programs: readonly Program[], free: number): DeviceMemory {
  const plans = programs.map((program) => {
    const uploaded = new Set(program.inputs.map((id) => program.values[id]!.name));
    return stepBuffers(webgpuGraph(program), uploaded);
  });
  const bytesOfAll = (idsOf: (program: Program) => readonly number[]): number => {
    const all = programs.flatMap((program) => idsOf(program).map((id) => program.values[id]!));
    return [...new Map(all.map((value) => [value.name, bytesOf(value)])).values()].reduce((a, b) => a + b, 0);
  };
  return {
    weights: bytesOfAll(({ weights }) => weights),
    state: bytesOfAll(({ state }) => state.map(({ value }) => value)),
    activations: Math.max(...plans.map(runBytes)) + plans.reduce((sum, { constants }) => sum + constants, 0),
    free,
  };
}
