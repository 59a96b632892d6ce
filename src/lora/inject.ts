import { ProgramBuilder } from "../program/builder.ts";
import type { Program, ValueId } from "../program/program.ts";
import { factorShape, inputName, type LoraLayout } from "./layout.ts";

/** Source of the factors: slices of the flat trained state, or inputs of the Program with a symbolic rank. */
export type FactorSource = "state" | "inputs";

/**
 * Replaces each targeted `linear` by what the layout's variant computes; everything else is unchanged. With "state" the
 * factors are slices of the state value `parameters` [P]. With "inputs" they are inputs whose rank is free at each run (0
 * gives the base exactly) and the scale is 1, because a runtime adapter has none: the caller folds it into B. Dropout > 0
 * adds one mask dropout_mask.{site} u8 [B,S,in] for each distinct input of targeted projections: projections that share an
 * input share the mask. A head becomes the last output; it must come from the state.
 */
export function injectLora(program: Program, layout: LoraLayout, source: FactorSource, dropout = 0): Program {
  const b = new ProgramBuilder(program.name);
  const map = new Map<ValueId, ValueId>();
  const valueAt = (id: ValueId) => program.values[id]!;
  for (const id of program.inputs)
    map.set(id, b.input(valueAt(id).name, valueAt(id).dtype, valueAt(id).shape));
  for (const id of program.weights) map.set(id, b.weight(valueAt(id).name, valueAt(id).shape));

  const { factors, head } = source === "state" ? stateFactors(b, layout) : inputFactors(b, layout);
  const modules = new Map(layout.modules.map((linear) => [`${linear.module}.weight`, linear]));
  const sites = new Map<ValueId, ValueId>();
  const dropoutMaskOf = (x: ValueId): ValueId => {
    const known = sites.get(x);
    if (known !== undefined) return known;
    const dropoutMask = b.mask(sites.size, dropout, b.value(x).shape);
    sites.set(x, dropoutMask);
    return dropoutMask;
  };

  for (const node of program.nodes) {
    const linear = node.op === "linear" ? modules.get(valueAt(node.inputs.weight).name) : undefined;
    if (node.op !== "linear" || linear === undefined) {
      b.copy(node, program, map);
      continue;
    }
    const { inputs, outputs } = node;
    const x = map.get(inputs.x)!;
    const output = layout.variant.apply(b, {
      x,
      weight: map.get(inputs.weight)!,
      bias: inputs.bias === undefined ? undefined : map.get(inputs.bias),
      factors: factors.get(linear.module)!,
      scale: source === "state" ? linear.scale : 1,
      dropout,
      dropoutMask: dropout > 0 ? dropoutMaskOf(x) : undefined,
      name: valueAt(outputs.y).name,
      scope: node.scope,
    });
    map.set(outputs.y, output);
  }
  for (const id of program.outputs) b.output(map.get(id)!, valueAt(id).name);
  if (head !== undefined) b.output(head);
  return b.build();
}

/** The trained tensors as values of a Program. */
interface Trained {
  /** By module path, then by kind. */
  readonly factors: ReadonlyMap<string, Readonly<Record<string, ValueId>>>;
  readonly head: ValueId | undefined;
}

function stateFactors(b: ProgramBuilder, layout: LoraLayout): Trained {
  const parameters = b.state("parameters", [layout.size]);
  const { parts } = b.node(
    "unflatten",
    { flat: parameters },
    { shapes: layout.tensors.map((tensor) => tensor.shape) },
    { names: { parts: layout.tensors.map((tensor) => tensor.name) } },
  );
  return byModule(layout, parts);
}

function inputFactors(b: ProgramBuilder, layout: LoraLayout): Trained {
  const linears = new Map(layout.modules.map((linear) => [linear.module, linear]));
  const factors = new Map(layout.variant.factors.map((factor) => [factor.kind, factor]));
  const inputs = new Map<LoraLayout["tensors"][number], ValueId>();
  // Module by module, the order in which a reader of the graph expects its inputs.
  for (const { module } of layout.modules) {
    for (const tensor of layout.tensors.filter((one) => one.module === module)) {
      const shape = factorShape(factors.get(tensor.kind)!, linears.get(module)!.shape, `rank.${module}`);
      inputs.set(tensor, b.input(inputName(tensor), "f32", shape));
    }
  }
  return byModule(
    layout,
    layout.tensors.map((tensor) => inputs.get(tensor)!),
  );
}

/** `values`: one for each tensor of the layout. */
function byModule({ modules, tensors, head }: LoraLayout, values: readonly ValueId[]): Trained {
  const factors = new Map(modules.map(({ module }) => [module, {} as Record<string, ValueId>]));
  for (const [i, tensor] of tensors.entries())
    if (tensor !== head) factors.get(tensor.module)![tensor.kind] = values[i]!;
  return { factors, head: head && values[tensors.indexOf(head)]! };
}
