import { join } from "node:path";
import type { TaskEmbedder, Vector } from "../embed/embedder.ts";
import type { Executable, HostTensor } from "../engines/engine.ts";
import { createOnnxEngine } from "../engines/onnx/onnx.ts";
import { LorafitError } from "../errors.ts";
import { sha256File } from "../formats/files.ts";
import { sha256 } from "../formats/hash.ts";
import { readJson } from "../formats/json.ts";
import type { ModelConfig } from "../model/config.ts";
import { openHuggingFace } from "../model/huggingface.ts";
import { hiddenProgram, isEncoder, withFinalNorm } from "../model/programs.ts";
import { guardian } from "../tokens/chat-template.ts";
import { openPipeline } from "../tokens/pipeline.ts";
import { type PackedRow, packTexts } from "./packing.ts";

/** Tokens of a text that are read, [CLS] and [SEP] included: max_seq_length of the model's sentence_bert_config.json. */
const MAX_TOKENS = 256;
/** Rows of one run of the Program. */
const ROWS = 2;

/** A sentence encoder on disk. */
export interface SentenceEncoder extends TaskEmbedder {
  readonly config: ModelConfig;
  /** Hash over the config, the tokenizer and every byte of the weights. */
  readonly sha256: string;
}

/**
 * Opens a sentence-transformers model: an encoder, mean of the last hidden states, unit length. It runs on onnxruntime; a session
 * lasts for one call of `embed`. `cacheDir` receives the hash of the weights.
 * @throws data error for files that are missing, damaged or do not fit one another
 */
export function openSentenceEncoder(
  name: string,
  folder: string,
  { cacheDir, threads = 0 }: { readonly cacheDir: string; readonly threads?: number },
): SentenceEncoder {
  const base = openHuggingFace(folder, cacheDir);
  const { config } = base;
  if (!isEncoder(config)) {
    throw new LorafitError("data", `${folder}: ${config.family} is no encoder`, {
      hint: "fetch the model again",
    });
  }
  const width = Math.min(MAX_TOKENS, config.maxPositions);
  const program = withFinalNorm(config, hiddenProgram(config, ROWS, width));
  const tokenizer = join(folder, "tokenizer.json");
  const encode = encoderOf(tokenizer, width);
  const identity = sha256(`${base.sha256} ${sha256File(tokenizer)}`);
  return {
    name: `${name} (${identity.slice(0, 12)}, mean of ${config.hiddenSize} hidden states, ${width} tokens)`,
    config,
    sha256: identity,
    async embed(texts) {
      // Equal texts get equal vectors, wherever they are in a row.
      const distinct = [...new Set(texts)];
      const vectors = new Map<string, Vector>();
      const ids = distinct.map(encode);
      const packed = packTexts(
        ids.map(({ length }) => length),
        width,
      );
      const session = await createOnnxEngine({ prepack: true }).open(base, { threads });
      try {
        const executable = await session.compile(program);
        for (let from = 0; from < packed.length; from += ROWS) {
          const rows = packed.slice(from, from + ROWS);
          for (const [index, vector] of await embedRows(executable, rows, ids, width))
            vectors.set(distinct[index]!, vector);
        }
      } finally {
        await session.close();
      }
      return texts.map((text) => vectors.get(text)!);
    },
  };
}

/** Text to ids between [CLS] and [SEP], cut to `most`. */
function encoderOf(path: string, most: number): (text: string) => number[] {
  const pipeline = openPipeline(readJson(path, { hint: "fetch the model again" }));
  const [cls, sep] = ["[CLS]", "[SEP]"].map((token) => pipeline.idOf(token));
  if (cls === undefined || sep === undefined)
    throw new LorafitError("data", `${path}: has no tokens [CLS] and [SEP]`, {
      hint: "fetch the model again",
    });
  const guard = guardian(pipeline.addedTokens.map(({ content }) => content));
  return (text) => {
    const ids = pipeline.encode(guard(text), { continues: false });
    return [cls, ...ids.slice(0, most - 2), sep];
  };
}

/** Vectors by the index of the text. */
async function embedRows(
  executable: Executable,
  rows: readonly PackedRow[],
  ids: readonly (readonly number[])[],
  width: number,
): Promise<[number, Vector][]> {
  const grid = (): BigInt64Array => new BigInt64Array(ROWS * width);
  const [input_ids, positions, token_types, segments] = [grid(), grid(), grid(), grid()];
  const places = rows.flatMap(({ texts }, row) =>
    texts.map(({ index, start }) => ({ index, at: row * width + start, length: ids[index]!.length })),
  );
  for (const [segment, { index, at, length }] of places.entries()) {
    for (let i = 0; i < length; i++) {
      input_ids[at + i] = BigInt(ids[index]![i]!);
      positions[at + i] = BigInt(i);
      // Segment 0 is padding.
      segments[at + i] = BigInt(segment + 1);
    }
  }
  const feeds = Object.fromEntries(
    Object.entries({ input_ids, positions, token_types, segments }).map(
      ([name, data]): [string, HostTensor] => [name, { shape: [ROWS, width], data }],
    ),
  );
  const hidden = (await executable.run(feeds)).outputs["last_hidden_state"]!;
  return places.map(({ index, at, length }) => [index, pooled(hidden, at, length)]);
}

/** Mean of `length` positions from `at` on, scaled to unit length. */
function pooled({ shape, data }: HostTensor, at: number, length: number): Vector {
  const width = shape.at(-1)!;
  const values = data as Float32Array;
  const sum = new Float64Array(width);
  for (let i = at * width; i < (at + length) * width; i++) sum[i % width]! += values[i]!;
  const norm = Math.hypot(...sum);
  return Float32Array.from(sum, (value) => value / norm);
}
