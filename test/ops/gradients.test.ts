import { describe, expect, it } from "vitest";
import type { OpCase } from "../../src/engines/conformance/case-inputs.ts";
import { CASES } from "../../src/engines/conformance/cases.ts";
import { prepareCase } from "../../src/engines/conformance/run.ts";
import type { HostTensor, Tensors } from "../../src/engines/engine.ts";
import { memoryWeights } from "../../src/engines/memory-weights.ts";
import { referenceEngine } from "../../src/engines/reference/reference.ts";
import type { OpName } from "../../src/ops/attrs.ts";
import { definitionOf } from "../../src/ops/index.ts";
import { ProgramBuilder } from "../../src/program/builder.ts";
import { outputsOf, type Program, type ValueId, withOutputs } from "../../src/program/program.ts";
import { createRng } from "../../src/rng.ts";
import { expectClose } from "../expect-close.ts";

/**
 * Each gradient rule, as the reference engine runs it, against central differences in float64 of <direction, op(inputs)>.
 * With step h = 1e-4 the truncation error is of order h² = 1e-8 and rounding 1e-12: 1e-6 covers both.
 */
const STEP = 1e-4;
const TOLERANCE = 1e-6;

async function run(program: Program, feeds: Tensors, weights: Tensors): Promise<Tensors> {
  const memory = memoryWeights(weights);
  const session = await referenceEngine.open(memory);
  const { outputs } = await (await session.compile(program)).run(feeds);
  await session.close();
  return outputs;
}

const wide = ({ shape, data }: HostTensor): HostTensor =>
  data instanceof Float32Array ? { shape, data: Float64Array.from(data) } : { shape, data };

const differentiable = (Object.keys(CASES) as OpName[]).filter(
  (op) =>
    definitionOf(op).gradient !== "none" &&
    op !== "linearCrossEntropy" &&
    op !== "crossEntropy" &&
    op !== "contrastive" &&
    op !== "unflatten",
);

describe.each(differentiable)("gradient of %s", (op) => {
  for (const opCase of CASES[op] as readonly OpCase[]) {
    it(opCase.name, async () => {
      const { program, feeds, weights } = await prepareCase(op, opCase as never);
      const node = program.nodes[0]!;
      const rng = createRng(`direction/${op}`);
      const [y, ...others] = outputsOf(node) as [ValueId, ...ValueId[]];
      const direction = Float64Array.from({ length: size(program, y) }, () => rng.normal());
      const trained = program.inputs.filter((id) => program.values[id]!.dtype === "f32");

      const b = ProgramBuilder.from({ ...program, outputs: [] }, "gradient");
      const dy = b.input("direction", "f32", program.values[y]!.shape);
      const rule = definitionOf(op).gradient;
      if (rule === "none") throw new Error("unreachable");
      const gradients = rule({
        b,
        inputs: node.inputs,
        outputs: node.outputs,
        attrs: node.attrs,
        dOutputs: withOutputs(node, (id) => (others.includes(id) ? null : dy) as ValueId).outputs as never,
        needs: (name) => trained.includes((node.inputs as Record<string, ValueId>)[name]!),
      });
      for (const [name, gradient] of Object.entries(gradients as Record<string, ValueId | null>))
        if (gradient !== null)
          b.output(b.node("scale", { x: gradient }, { factor: 1 }).y, `gradient of ${name}`);
      const wideFeeds = Object.fromEntries(Object.entries(feeds).map(([name, value]) => [name, wide(value)]));
      const shape = program.values[y]!.shape as number[];
      const analytic = await run(b.build(), { ...wideFeeds, direction: { shape, data: direction } }, weights);

      expect(trained.length).toBeGreaterThan(0);
      for (const id of trained) {
        const name = program.values[id]!.name;
        const numeric = await central(program, wideFeeds, weights, name, direction);
        expectClose(analytic[`gradient of ${name}`]!.data as Float64Array, numeric, TOLERANCE, `d${name}`);
      }
    });
  }
});

const size = (program: Program, id: ValueId): number =>
  (program.values[id]!.shape as number[]).reduce((product, d) => product * d, 1);

async function central(
  program: Program,
  feeds: Tensors,
  weights: Tensors,
  name: string,
  direction: Float64Array,
) {
  const output = program.values[program.outputs[0]!]!.name;
  const at = async (data: Float64Array): Promise<number> => {
    const outputs = await run(program, { ...feeds, [name]: { ...feeds[name]!, data } }, weights);
    return (outputs[output]!.data as Float64Array).reduce((sum, v, i) => sum + v * direction[i]!, 0);
  };
  const base = feeds[name]!.data as Float64Array;
  const numeric = new Float64Array(base.length);
  for (let i = 0; i < base.length; i++) {
    const [up, down] = [base.slice(), base.slice()];
    up[i]! += STEP;
    down[i]! -= STEP;
    numeric[i] = ((await at(up)) - (await at(down))) / (2 * STEP);
  }
  return numeric;
}
