import { ProgramBuilder } from "../program/builder.ts";
import type { Program, ValueId } from "../program/program.ts";
import type { LoraLayout, LoraModule } from "./layout.ts";

/** Where the factors come from: slices of the flat trained state, or inputs of the Program with a symbolic rank. */
export type FactorSource = "state" | "inputs";

/** Names of the inputs of a hot-swap graph. The scale is folded into B, because a runtime adapter has no scale. */
export const inputName = (module: string, kind: "A" | "B"): string => `${module}.lora_${kind}.weight`;

/**
 * Rewrites each targeted `linear` into `loraLinear`; everything else stays as it is. With "state" the factors are slices of
 * the state value `parameters` [P] as `layout` has them; with "inputs" they are inputs [r, in] and [out, r] whose rank is
 * free at each run (0 gives the base exactly). Dropout > 0 adds one mask dropout_mask.{site} u8 [B,S,in] for each distinct
 * input of targeted projections, so that projections that share an input share the mask.
 */
export function injectLora(program: Program, layout: LoraLayout, source: FactorSource, dropout = 0): Program {
  const b = new ProgramBuilder(program.name);
  const map = new Map<ValueId, ValueId>();
  const valueAt = (id: ValueId) => program.values[id]!;
  for (const id of program.inputs)
    map.set(id, b.input(valueAt(id).name, valueAt(id).dtype, valueAt(id).shape));
  for (const id of program.weights) map.set(id, b.weight(valueAt(id).name, valueAt(id).shape));

  const factors = source === "state" ? stateFactors(b, layout) : inputFactors(b, layout);
  const modules = new Map(layout.modules.map((module) => [`${module.module}.weight`, module]));
  const sites = new Map<ValueId, ValueId>();
  const dropoutMaskOf = (x: ValueId): ValueId => {
    const known = sites.get(x);
    if (known !== undefined) return known;
    const dropoutMask = b.mask(sites.size, dropout, b.value(x).shape);
    sites.set(x, dropoutMask);
    return dropoutMask;
  };

  for (const node of program.nodes) {
    const inputs = node.inputs.map((id) => map.get(id)!);
    const options = {
      names: node.outputs.map((id) => valueAt(id).name),
      ...(node.scope === undefined ? {} : { scope: node.scope }),
    };
    const module = node.op === "linear" ? modules.get(valueAt(node.inputs[1]!).name) : undefined;
    if (module === undefined) {
      const outputs = b.node(node.op, inputs, node.attrs, options);
      for (const [i, id] of node.outputs.entries()) map.set(id, outputs[i]!);
      continue;
    }
    const [x, weight, ...bias] = inputs as [ValueId, ValueId, ...ValueId[]];
    const [A, B] = factors.get(module)!;
    const attrs = { scale: source === "state" ? module.scale : 1, dropout, hasBias: bias.length > 0 };
    const dropoutMask = dropout > 0 ? [dropoutMaskOf(x)] : [];
    const outputs = b.node("loraLinear", [x, weight, A, B, ...dropoutMask, ...bias], attrs, options);
    map.set(node.outputs[0]!, outputs[0]!);
  }
  for (const id of program.outputs) b.output(map.get(id)!, valueAt(id).name);
  return b.build();
}

type Factors = ReadonlyMap<LoraModule, readonly [ValueId, ValueId]>;

function stateFactors(b: ProgramBuilder, layout: LoraLayout): Factors {
  const parameters = b.state("parameters", [layout.size]);
  const parts = b.node(
    "unflatten",
    [parameters],
    { shapes: layout.tensors.map((tensor) => tensor.shape) },
    { names: layout.tensors.map((tensor) => tensor.name) },
  );
  const half = layout.modules.length;
  return new Map(layout.modules.map((module, i) => [module, [parts[i]!, parts[half + i]!]]));
}

function inputFactors(b: ProgramBuilder, layout: LoraLayout): Factors {
  return new Map(
    layout.modules.map((module) => {
      const rank = `rank.${module.module}`;
      const A = b.input(inputName(module.module, "A"), "f32", [rank, module.shapeA[1]]);
      const B = b.input(inputName(module.module, "B"), "f32", [module.shapeB[0], rank]);
      return [module, [A, B]];
    }),
  );
}
