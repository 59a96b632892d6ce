import { expect, it } from "vitest";
import type { Engine, HostTensor, Tensors } from "../../src/engines/engine.ts";
import { memoryWeights } from "../../src/engines/memory-weights.ts";
import { ProgramBuilder } from "../../src/program/builder.ts";

export const vector = (...values: number[]): HostTensor => ({
  shape: [values.length],
  data: Float32Array.from(values),
});
export const numbers = (tensor: HostTensor | undefined): number[] => Array.from(tensor!.data as Float32Array);

/** sum <- sum + x, guarded by Σ x²; held <- previous sum. A feed and a state value are outputs too. */
function addingProgram() {
  const b = new ProgramBuilder("adding");
  const x = b.input("x", "f32", [2]);
  const sum = b.state("sum", [2]);
  const held = b.state("held", [2]);
  b.next(held, sum);
  b.next(sum, b.node("add", { a: sum, b: x }, {}).y);
  b.guard(b.node("sumSquares", { x }, {}).sum);
  b.output(b.node("scale", { x: sum }, { factor: 2 }).y, "double");
  b.output(x);
  b.output(held);
  return b.build();
}

/** @param held number of tensors, or bytes, on the device */
export function describeState(engine: Engine, held: () => number): void {
  it("commits its state when every guard is finite, and frees its tensors", async () => {
    const before = held();
    const weights = memoryWeights({});
    const session = await engine.open(weights);
    const executable = await session.compile(addingProgram());
    const run = (feeds: Tensors) => executable.run(feeds);
    await session.writeState({ sum: vector(1, 2), held: vector(0, 0) });
    const first = await run({ x: vector(10, 20) });
    expect(first.committed).toBe(true);
    expect(numbers(first.outputs["double"])).toEqual([2, 4]);
    expect(numbers(first.outputs["x"])).toEqual([10, 20]);
    expect(numbers(first.outputs["held"])).toEqual([0, 0]);
    for (const bad of [Number.NaN, Number.POSITIVE_INFINITY, 3e38]) {
      expect((await run({ x: vector(bad, 0) })).committed).toBe(false);
      expect(numbers((await session.readState())["sum"])).toEqual([11, 22]);
    }
    expect((await run({ x: vector(1, 1) })).committed).toBe(true);
    const state = await session.readState();
    expect([numbers(state["sum"]), numbers(state["held"])]).toEqual([
      [12, 23],
      [11, 22],
    ]);
    state["sum"]!.data[0] = 99;
    expect(numbers((await session.readState(["sum"]))["sum"])).toEqual([12, 23]);
    await expect(run({ x: vector(1) })).rejects.toThrow("input x of adding is [1], not [2]");
    await expect(run({})).rejects.toThrow("input x of adding was not fed");
    await session.close();
    weights.dispose();
    expect(held()).toBe(before);
  });
}
