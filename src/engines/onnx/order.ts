import type { OnnxNode } from "../../formats/onnx.ts";

/**
 * Sorts nodes by distance from the inputs. onnxruntime walks back from the outputs and, of a node's inputs, first computes the
 * one whose node comes last in the file. In this order that is the end of the longest chain, and values that depend on the
 * forward pass only (the sigmoids of the backward pass) are computed right before their use.
 */
export function byDepth(nodes: readonly OnnxNode[]): OnnxNode[] {
  const depth = new Map<string, number>();
  const depths = new Map<OnnxNode, number>();
  for (const node of nodes) {
    const own = 1 + Math.max(0, ...node.inputs.map((name) => depth.get(name) ?? 0));
    for (const name of node.outputs) depth.set(name, own);
    depths.set(node, own);
  }
  return [...nodes].sort((a, b) => depths.get(a)! - depths.get(b)!);
}

/** Removes nodes that nothing reads; onnxruntime would run them. */
export function reachable(nodes: readonly OnnxNode[], outputs: readonly string[]): OnnxNode[] {
  const read = new Set(outputs);
  const kept: OnnxNode[] = [];
  for (const node of [...nodes].reverse()) {
    if (!node.outputs.some((name) => read.has(name))) continue;
    kept.push(node);
    for (const name of node.inputs) read.add(name);
  }
  return kept.reverse();
}
