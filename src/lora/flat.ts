import { LorafitError, listMistakes } from "../errors.ts";
import type { LoraLayout, LoraTensor } from "./layout.ts";

export interface FactorTensor {
  readonly shape: readonly number[];
  readonly data: Float32Array | Float64Array;
}

/**
 * Named factors -> the flat vector [P] of the layout.
 * @throws mismatch that lists every factor that is missing, unexpected or of another shape
 */
export function flattenFactors(
  layout: LoraLayout,
  tensors: ReadonlyMap<string, FactorTensor>,
  where: string,
): Float32Array {
  const flat = new Float32Array(layout.size);
  const expected = new Set(layout.tensors.map((tensor) => tensor.name));
  const mistakes = [...tensors.keys()]
    .filter((name) => !expected.has(name))
    .map((name) => `${name}: not expected`);
  for (const { name, shape, offset } of layout.tensors) {
    const tensor = tensors.get(name);
    if (tensor === undefined) mistakes.push(`${name}: missing`);
    else if (tensor.shape.join() !== shape.join()) {
      mistakes.push(`${name}: shape [${tensor.shape.join(", ")}], expected [${shape.join(", ")}]`);
    } else flat.set(tensor.data, offset);
  }
  if (mistakes.length > 0) {
    throw new LorafitError(
      "mismatch",
      `${where}: the adapter does not fit this base\n${listMistakes(mistakes)}`,
      {
        hint: "use the base and the targets that the adapter was trained on",
      },
    );
  }
  return flat;
}

/** The flat vector [P] -> named factors, as views. */
export function unflattenFactors<T extends Float32Array | Float64Array>(
  layout: LoraLayout,
  flat: T,
): Map<string, { shape: readonly number[]; data: T }> {
  return new Map(
    layout.tensors.map((tensor) => [tensor.name, { shape: tensor.shape, data: sliceOf(tensor, flat) }]),
  );
}

/** The factors of every adapted module by its path, then by kind, as views of the flat vector [P]. */
export function factorsByModule(
  layout: LoraLayout,
  flat: Float32Array,
): Map<string, Record<string, Float32Array>> {
  const factors = new Map(layout.modules.map(({ module }) => [module, {} as Record<string, Float32Array>]));
  for (const tensor of layout.tensors) {
    const own = factors.get(tensor.module);
    if (own !== undefined) own[tensor.kind] = sliceOf(tensor, flat);
  }
  return factors;
}

/** The head's weight [K,D] as a view of the flat vector [P]. */
export const headWeight = ({ head }: LoraLayout, flat: Float32Array): Float32Array | undefined =>
  head && sliceOf(head, flat);

const sliceOf = <T extends Float32Array | Float64Array>({ offset, size }: LoraTensor, flat: T): T =>
  flat.subarray(offset, offset + size) as T;

/** A new vector [P] whose change to the base is multiplied by `factor`; 0 gives the base. */
export function scaleFactors<T extends Float32Array | Float64Array>(
  layout: LoraLayout,
  flat: T,
  factor: number,
): T {
  const scaled = flat.slice() as T;
  for (const { factor: of, offset, size } of layout.groups) {
    if (of.isOutput) for (let i = offset; i < offset + size; i++) scaled[i]! *= factor;
  }
  return scaled;
}
