import type { ConfigReader } from "../config-reader.ts";

/** Layers whose attention sees only the last `window` positions; the others see all. */
export interface Sliding {
  readonly window: number;
  readonly layers: readonly number[];
}

/** How a family reads its windows: the window, and the layers that have it where config.json has no layer_types. */
export interface SlidingRule {
  readonly window: unknown;
  isSliding(layer: number): boolean;
  /** True if sliding layers differ in more than the window, so that a window that covers the context is kept. */
  readonly differs?: true;
  /** True if transformers' model does not look at layer_types. */
  readonly ignoresTypes?: true;
}

const [FULL, SLIDING] = ["full_attention", "sliding_attention"] as const;

/**
 * Sliding layers by layer_types, else by the rule. A window that covers the context is left out. Without a rule every layer must be
 * full.
 */
export function readSliding(
  reader: ConfigReader,
  { layers, maxPositions }: { readonly layers: number; readonly maxPositions: number },
  rule: SlidingRule = { window: null, isSliding: () => false },
): { readonly sliding?: Sliding } {
  const all = Array.from({ length: layers }, (_, layer) => layer);
  const stated = readLayerTypes(reader, layers);
  const types = rule.ignoresTypes ? null : stated;
  const sliding = all.filter((layer) =>
    types === null
      ? (rule.window !== null || rule.differs) && rule.isSliding(layer)
      : types[layer] === SLIDING,
  );
  if (sliding.length === 0) return {};
  const { window } = rule;
  if (window === null) {
    reader.mistake("layer_types", `has ${SLIDING}, and the model has no sliding window`);
    return {};
  }
  if (!Number.isSafeInteger(window) || Number(window) < 1) {
    reader.mistake("sliding_window", `${JSON.stringify(window)} is not a positive whole number`);
    return {};
  }
  const covers = Number(window) >= maxPositions && rule.differs === undefined;
  return covers ? {} : { sliding: { window: Number(window), layers: sliding } };
}

function readLayerTypes(reader: ConfigReader, layers: number): readonly unknown[] | null {
  const types = reader.get("layer_types") ?? null;
  if (types === null) return null;
  if (
    Array.isArray(types) &&
    types.length === layers &&
    types.every((type) => [FULL, SLIDING].includes(type))
  )
    return types;
  reader.mistake("layer_types", `is not a list of ${layers} times "${FULL}" or "${SLIDING}"`);
  return null;
}

/** layer_types of all layers. */
export const layerTypesJson = ({
  layers,
  sliding,
}: {
  readonly layers: number;
  readonly sliding?: Sliding;
}) => ({
  layer_types: Array.from({ length: layers }, (_, layer) =>
    sliding?.layers.includes(layer) ? SLIDING : FULL,
  ),
});
