import { join } from "node:path";
import { LorafitError } from "../errors.ts";
import { writeFileAtomic, writePieces, writing } from "../formats/files.ts";
import { jsonText } from "../formats/json.ts";
import { float32ToBfloat16, float32ToFloat16 } from "../formats/numbers.ts";
import { safetensorsHeader } from "../formats/safetensors.ts";
import type { Adapter } from "../lora/adapter.ts";
import { familyOf } from "../model/families/index.ts";
import { transpose } from "../model/huggingface.ts";
import { modelWeights } from "../model/programs.ts";
import type { WeightSource } from "../model/weights.ts";
import { writeConsumerFiles } from "./consumer-files.ts";
import { mergedWeights } from "./merge.ts";

export const DTYPES = ["float32", "float16", "bfloat16"] as const;
export type Dtype = (typeof DTYPES)[number];

const STORAGE: Readonly<
  Record<Dtype, { readonly name: string; readonly bytes: number; encode(x: Float32Array): ArrayBufferView }>
> = {
  float32: { name: "F32", bytes: 4, encode: (x) => x },
  float16: { name: "F16", bytes: 2, encode: float32ToFloat16 },
  bfloat16: { name: "BF16", bytes: 2, encode: float32ToBfloat16 },
};

/** The base's own type where all of its matrices have one, else float32. */
export function ownDtype(base: WeightSource): Dtype {
  const kinds = new Set(base.list().flatMap(({ shape, storage }) => (shape.length > 1 ? [storage] : [])));
  const [only] = kinds;
  return kinds.size === 1 ? (DTYPES.find((dtype) => STORAGE[dtype].name === only) ?? "float32") : "float32";
}

/** Size of a shard, as transformers 5 has it by default. */
const SHARD_BYTES = 50e9;

interface MergeOptions {
  readonly dtype: Dtype;
  readonly shardBytes?: number | undefined;
}

/**
 * Writes the base with the adapter merged into its weights as transformers loads it: config.json, tokenizer files with the chat template,
 * and safetensors in one file or in shards with an index.
 * @throws data error when a weight exceeds what float16 can hold
 */
export async function writeMergedModel(
  folder: string,
  base: WeightSource,
  adapter: Adapter,
  options: MergeOptions,
): Promise<void> {
  writeMergedWeights(folder, base, adapter, options);
  await writeConsumerFiles(folder, base.config, base.tokenizerFiles(), { torch_dtype: options.dtype });
}

/** Writes the merged weights alone, a tensor at a time. */
export function writeMergedWeights(
  folder: string,
  base: WeightSource,
  adapter: Adapter,
  { dtype, shardBytes = SHARD_BYTES }: MergeOptions,
): void {
  const { config } = base;
  const storage = STORAGE[dtype];
  const weights = mergedWeights(base, adapter);
  const linears = new Map(
    familyOf(config)
      .linears(config)
      .map((one) => [`${one.path}.weight`, one]),
  );
  const entries = modelWeights(config).map(({ name, shape }) => {
    const transposed = linears.get(name)?.transposed ?? false;
    const size = shape.reduce((product, n) => product * n, 1);
    return {
      name,
      dtype: storage.name,
      shape: transposed ? shape.toReversed() : shape,
      length: size * storage.bytes,
      transposed,
    };
  });
  const shards = sharded(entries, shardBytes);
  const nameOf = (i: number): string => {
    const part = (n: number): string => String(n).padStart(5, "0");
    return shards.length === 1
      ? "model.safetensors"
      : `model-${part(i + 1)}-of-${part(shards.length)}.safetensors`;
  };
  for (const [i, shard] of shards.entries()) {
    const path = join(folder, nameOf(i));
    const pieces = function* (): Generator<ArrayBufferView> {
      yield safetensorsHeader(shard, { format: "pt" }).bytes;
      for (const { name, shape, transposed } of shard) {
        const values = weights.read(name);
        // `shape` is that of the file: transpose() makes it of the Program's.
        const stored = transposed ? transpose(values, shape) : values;
        yield storage.encode(checked(stored, dtype, name));
      }
    };
    writing(path, () => writePieces(path, pieces()));
  }
  if (shards.length > 1) {
    const total_size = entries.reduce((sum, { length }) => sum + length, 0);
    const weight_map = Object.fromEntries(
      shards.flatMap((shard, i) => shard.map(({ name }) => [name, nameOf(i)] as const)),
    );
    writeFileAtomic(
      join(folder, "model.safetensors.index.json"),
      jsonText({ metadata: { total_size }, weight_map }),
    );
  }
}

/** Consecutive tensors whose sizes add up to at most `most`; a larger tensor has a shard of its own. */
function sharded<T extends { readonly length: number }>(entries: readonly T[], most: number): T[][] {
  const shards: T[][] = [[]];
  let bytes = 0;
  for (const entry of entries) {
    if (bytes > 0 && bytes + entry.length > most) {
      shards.push([]);
      bytes = 0;
    }
    shards.at(-1)!.push(entry);
    bytes += entry.length;
  }
  return shards;
}

const LARGEST_FLOAT16 = 65504;

function checked(values: Float32Array, dtype: Dtype, name: string): Float32Array {
  if (dtype === "float16" && values.some((x) => Math.abs(x) > LARGEST_FLOAT16))
    throw new LorafitError("data", `--dtype float16: ${name} holds a number beyond ${LARGEST_FLOAT16}`, {
      hint: "use bfloat16 or float32",
    });
  return values;
}
