import type { ConfigReader } from "./config-reader.ts";

export interface Llama3Scaling {
  readonly type: "llama3";
  readonly factor: number;
  readonly lowFrequencyFactor: number;
  readonly highFrequencyFactor: number;
  readonly originalMaxPositions: number;
}
export type RopeScaling = null | { readonly type: "linear"; readonly factor: number } | Llama3Scaling;

/** Rotary positions (Su et al. 2021, "RoFormer"): the base of the frequencies and how they are scaled. */
export interface Rope {
  readonly theta: number;
  readonly scaling: RopeScaling;
}

const KEYS = new Set(
  "rope_theta rope_type type factor low_freq_factor high_freq_factor original_max_position_embeddings".split(
    " ",
  ),
);

/**
 * Reads both spellings: rope_theta with rope_scaling, and the newer rope_parameters. Where a config has both, it counts as in transformers
 * 5.24: rope_scaling replaces rope_parameters as a whole, and rope_theta is the base where the one that counts names none.
 */
export function readRope(reader: ConfigReader): Rope {
  const [older, newer] = [objectAt(reader, "rope_scaling"), objectAt(reader, "rope_parameters")];
  const parameters = Object.keys(older).length > 0 ? older : newer;
  const theta = reader.get("rope_theta") ?? 10000;
  const counts = parameters["rope_theta"];
  if (counts !== undefined && reader.names("rope_theta") && counts !== theta)
    reader.warn(`rope_theta ${String(theta)} is not used, because rope_parameters has ${String(counts)}`);
  if (parameters === older && Object.keys(newer).length > 0)
    reader.warn("rope_parameters is not used, because there is rope_scaling");
  return parseRope(reader, parameters, theta);
}

/** The rope of parameters in transformers' spelling; `fallback` is the base where they name none. */
export function parseRope(
  reader: ConfigReader,
  parameters: Readonly<Record<string, unknown>>,
  fallback: unknown,
): Rope {
  const isPositive = (value: unknown): value is number =>
    typeof value === "number" && value > 0 && Number.isFinite(value);
  const theta = (parameters["rope_theta"] ?? fallback) as number;
  if (!isPositive(theta)) reader.mistake("rope_theta", `${String(theta)} is not a positive number`);
  reader.only("partial_rotary_factor", [null, 1]);
  for (const [key, value] of Object.entries(parameters)) {
    const isNeutral = value === null || (key === "partial_rotary_factor" && value === 1);
    if (!KEYS.has(key) && !isNeutral) reader.mistake("rope scaling", `${key} is not supported`);
  }
  const type = parameters["rope_type"] ?? parameters["type"] ?? "default";
  const positive = (key: string, fallback?: unknown): number => {
    const value = parameters[key] ?? fallback;
    if (isPositive(value)) return value;
    const what = value === undefined ? "is missing" : `${String(value)} is not a positive number`;
    reader.mistake("rope scaling", `${key} ${what}`);
    return 1;
  };
  if (type === "default") return { theta, scaling: null };
  if (type === "linear") return { theta, scaling: { type, factor: positive("factor") } };
  if (type === "llama3") {
    const scaling: Llama3Scaling = {
      type,
      factor: positive("factor"),
      lowFrequencyFactor: positive("low_freq_factor"),
      highFrequencyFactor: positive("high_freq_factor"),
      originalMaxPositions: positive(
        "original_max_position_embeddings",
        reader.get("max_position_embeddings"),
      ),
    };
    if (scaling.highFrequencyFactor <= scaling.lowFrequencyFactor) {
      reader.mistake("rope scaling", "high_freq_factor must be above low_freq_factor");
    }
    return { theta, scaling };
  }
  reader.mistake(
    "rope scaling",
    `type ${JSON.stringify(type)} is not supported; supported: default, linear, llama3`,
  );
  return { theta, scaling: null };
}

/** The keys that `parseRope` reads. */
export const ropeParameters = ({ theta, scaling }: Rope): Record<string, unknown> => ({
  ...(scalingJson(scaling) ?? { rope_type: "default" }),
  rope_theta: theta,
});

function objectAt(reader: ConfigReader, key: string): Record<string, unknown> {
  const value = reader.get(key) ?? {};
  if (typeof value === "object" && !Array.isArray(value)) return value as Record<string, unknown>;
  reader.mistake(key, `${JSON.stringify(value)} is not an object`);
  return {};
}

/** The keys that `readRope` reads. */
export function ropeJson({ theta, scaling }: Rope): Record<string, unknown> {
  return { rope_theta: theta, rope_scaling: scalingJson(scaling) };
}

function scalingJson(scaling: RopeScaling): Record<string, unknown> | null {
  if (scaling === null) return null;
  if (scaling.type === "linear") return { rope_type: scaling.type, factor: scaling.factor };
  return {
    rope_type: scaling.type,
    factor: scaling.factor,
    low_freq_factor: scaling.lowFrequencyFactor,
    high_freq_factor: scaling.highFrequencyFactor,
    original_max_position_embeddings: scaling.originalMaxPositions,
  };
}

/**
 * Inverse frequencies [headDim/2], in float32 as transformers computes them (modeling_rope_utils.py):
 * 1 / theta^(2i/headDim). linear: divided by the factor. llama3: long waves divided by the factor, short ones kept, and
 * a linear blend between.
 */
export function ropeFrequencies(headDim: number, { theta, scaling }: Rope): Float32Array {
  const f = Math.fround;
  const plain = Float32Array.from({ length: headDim / 2 }, (_, i) => f(1 / f(theta ** f((2 * i) / headDim))));
  if (scaling === null) return plain;
  if (scaling.type === "linear") return plain.map((frequency) => frequency / scaling.factor);
  const {
    factor,
    lowFrequencyFactor: low,
    highFrequencyFactor: high,
    originalMaxPositions: length,
  } = scaling;
  return plain.map((frequency) => {
    const wavelength = f(f(2 * Math.PI) / frequency);
    if (wavelength > length / low) return f(frequency / factor);
    if (wavelength < length / high) return frequency;
    const smooth = f(f(f(length / wavelength) - low) / (high - low));
    return f(f(f(f(1 - smooth) * frequency) / factor) + f(smooth * frequency));
  });
}
