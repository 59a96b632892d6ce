import { join } from "node:path";
import type { InferenceSession } from "onnxruntime-node";
import { LorafitError } from "../errors.ts";
import type { ModelConfig } from "../model/config.ts";
import { parseModelConfig } from "../model/families/index.ts";
import { loadTokenizer, type Tokenizer } from "../tokens/tokenizer.ts";
import { groupsByLength } from "./batch.ts";
import { labelsIn, readConsumerFiles } from "./consumer-files.ts";
import { openGraph } from "./decoder.ts";
import { artifactSha256 } from "./folder.ts";

/** An exported classifier in onnxruntime, as a consumer runs it. */
export interface ExportedClassifier {
  readonly dir: string;
  /** Hash of the folder's files. */
  readonly sha256: string;
  readonly config: ModelConfig;
  readonly tokenizer: Tokenizer;
  /** Classes in the order of the logits. */
  readonly labels: readonly string[];
  /** Logits [K] of each row. */
  classify(
    rows: readonly (readonly number[])[],
    options?: { readonly batchSize?: number },
  ): Promise<Float32Array[]>;
  close(): Promise<void>;
}

/**
 * Opens a folder that `export --format onnx` wrote for an adapter with a classification head.
 * @throws data error for files that are missing, damaged or of another kind of model
 */
export async function openClassifier(
  dir: string,
  { threads }: { readonly threads?: number } = {},
): Promise<ExportedClassifier> {
  const files = readConsumerFiles(dir);
  const where = join(dir, "config.json");
  const labels = labelsIn(files.config);
  if (labels === undefined) {
    throw new LorafitError("data", `${where}: is not that of a classifier`, {
      hint: "name the export of an adapter with a classification head",
    });
  }
  const config = parseModelConfig(files.config, where);
  const tokenizer = await loadTokenizer(files.tokenizer);
  const { runtime, session } = await openGraph(join(dir, "onnx/model.onnx"), threads);
  const run = async (rows: readonly (readonly number[])[]): Promise<Float32Array[]> => {
    const feeds = gridOf(rows, tokenizer.padId);
    const size = [rows.length, feeds.length];
    const { logits } = await session.run(
      Object.fromEntries(
        Object.entries(feeds.inputs).map(([name, data]) => [name, new runtime.Tensor("int64", data, size)]),
      ) as InferenceSession.FeedsType,
    );
    const all = logits!.data as Float32Array;
    return rows.map((_, b) => all.slice(b * labels.length, (b + 1) * labels.length));
  };
  return {
    dir,
    sha256: artifactSha256(dir),
    config,
    tokenizer,
    labels,
    async classify(rows, { batchSize = 16 } = {}) {
      const out: Float32Array[] = [];
      const lengths = rows.map((row) => row.length);
      for (const group of groupsByLength(lengths, batchSize)) {
        const logits = await run(group.map((index) => rows[index]!));
        for (const [b, index] of group.entries()) out[index] = logits[b]!;
      }
      return out;
    },
    close: () => session.release(),
  };
}

/** Rows padded on the right to one length. */
function gridOf(rows: readonly (readonly number[])[], padId: number) {
  const length = Math.max(...rows.map((row) => row.length));
  const grid = (of: (row: readonly number[], t: number) => number) =>
    BigInt64Array.from(rows.flatMap((row) => Array.from({ length }, (_, t) => BigInt(of(row, t)))));
  return {
    length,
    inputs: {
      input_ids: grid((row, t) => row[t] ?? padId),
      attention_mask: grid((row, t) => (t < row.length ? 1 : 0)),
      position_ids: grid((row, t) => (t < row.length ? t : 0)),
    },
  };
}
