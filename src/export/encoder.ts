import { join } from "node:path";
import type { Engine } from "../engines/engine.ts";
import { LorafitError } from "../errors.ts";
import { writeFileAtomic } from "../formats/files.ts";
import { jsonText } from "../formats/json.ts";
import type { Adapter } from "../lora/adapter.ts";
import { configJson } from "../model/families/index.ts";
import type { WeightSource } from "../model/weights.ts";
import { withStringMerges } from "../tokens/files.ts";
import { openPipeline } from "../tokens/pipeline.ts";
import { logitsProgram } from "../train/programs.ts";
import { type FactorInputs, openDecoder } from "./decoder.ts";
import { paddedBatch } from "./verify/padded-batch.ts";

/** Maximum difference of hidden states, relative to the largest. */
const LIMIT = 1e-3;

const TEXTS = [
  "Where is my order?",
  "To make the soup, first chop two onions and",
  "She had walked along the river for almost an hour when the rain began, so she turned back.",
];

/** Comparison of an encoder's export, read back, with the training engine. */
export interface EncoderComparison {
  readonly engine: string;
  readonly max_hidden_difference: number;
  readonly limit: number;
}

/** Writes the files that transformers.js reads beside an encoder's graph. `external`: the weights are in a separate file. */
export function writeEncoderFiles(folder: string, base: WeightSource, external: boolean): void {
  const { tokenizerJson, tokenizerConfig } = base.tokenizerFiles();
  const write = (name: string, content: unknown) => writeFileAtomic(join(folder, name), jsonText(content));
  const { config } = base;
  write("config.json", {
    ...configJson(config),
    torch_dtype: "float32",
    "transformers.js_config": { dtype: "fp32", ...(external ? { use_external_data_format: true } : {}) },
  });
  write("tokenizer.json", withStringMerges(tokenizerJson));
  write("tokenizer_config.json", tokenizerConfig);
}

/**
 * Runs three texts of unequal length, as one padded batch, through the export and the training engine.
 * @throws mismatch for a difference over the limit
 */
export async function verifyEncoder(
  folder: string,
  base: WeightSource,
  adapter: Adapter | null,
  engine: Engine,
  options: { readonly threads?: number; readonly factors?: FactorInputs },
): Promise<EncoderComparison> {
  const { config } = base;
  const pipeline = openPipeline(base.tokenizerFiles().tokenizerJson);
  const rows = TEXTS.map((text) => pipeline.encode(text, { continues: false }).slice(0, config.maxPositions));
  const { shape, feeds } = paddedBatch(rows);
  const [ids, mask] = [feeds.input_ids.data, feeds.segments.data];
  const types = new BigInt64Array(ids.length);
  const exported = await runExport(join(folder, "onnx/model.onnx"), base, options, {
    ...{ input_ids: ids, attention_mask: mask, token_type_ids: types },
    shape,
  });

  const session = await engine.open(base, options.threads === undefined ? {} : { threads: options.threads });
  let expected: ArrayLike<number>;
  try {
    if (adapter !== null)
      await session.writeState({ parameters: { shape: [adapter.flat.length], data: adapter.flat } });
    const run = await session.compile(logitsProgram(config, adapter?.layout ?? null, ...shape));
    const { outputs } = await run.run({ ...feeds, token_types: { shape, data: types } });
    expected = outputs["last_hidden_state"]!.data as Float32Array;
  } finally {
    await session.close();
  }
  const difference = relativeDifference(exported, expected, mask, config.hiddenSize);
  // NaN is no agreement either.
  if (!(difference <= LIMIT)) {
    throw new LorafitError(
      "mismatch",
      `the export's hidden states differ by ${difference} of the largest, the limit is ${LIMIT}`,
      { hint: "the folder was deleted; please report this with the base's name" },
    );
  }
  return { engine: engine.name, max_hidden_difference: difference, limit: LIMIT };
}

async function runExport(
  path: string,
  { config }: WeightSource,
  options: { readonly threads?: number; readonly factors?: FactorInputs },
  {
    shape,
    ...inputs
  }: { readonly shape: readonly number[] } & Readonly<Record<string, BigInt64Array | readonly number[]>>,
): Promise<Float32Array> {
  const { runtime, session, factors } = await openDecoder(path, config, options);
  try {
    const wanted = Object.entries(inputs).filter(([name]) => session.inputNames.includes(name));
    const feeds = wanted.map(([name, data]) => [
      name,
      new runtime.Tensor("int64", data as BigInt64Array, shape),
    ]);
    const outputs = await session.run({ ...Object.fromEntries(feeds), ...factors });
    return outputs["last_hidden_state"]!.data as Float32Array;
  } finally {
    await session.release();
  }
}

/** max |a - b| / max |b| over the tokens. */
function relativeDifference(
  a: ArrayLike<number>,
  b: ArrayLike<number>,
  mask: BigInt64Array,
  width: number,
): number {
  let [difference, largest] = [0, 0];
  for (let i = 0; i < b.length; i++) {
    if (mask[Math.floor(i / width)] === 0n) continue;
    difference = Math.max(difference, Math.abs(a[i]! - b[i]!));
    largest = Math.max(largest, Math.abs(b[i]!));
  }
  return difference / largest;
}
