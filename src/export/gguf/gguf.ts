import { LorafitError } from "../../errors.ts";
import { type GgufEntry, type GgufOutput, writeGguf } from "../../formats/gguf-writer.ts";
import { float32ToBfloat16, float32ToFloat16 } from "../../formats/numbers.ts";
import { BLOCK, type PackedFormat, packedBytes, quantise } from "../../formats/quantise.ts";
import type { Adapter } from "../../lora/adapter.ts";
import { familyOf } from "../../model/families/index.ts";
import { modelWeights } from "../../model/programs.ts";
import type { WeightSource } from "../../model/weights.ts";
import { mergedWeights } from "../merge.ts";
import { ggufVocabulary } from "./vocabulary.ts";

export const GGUF_TYPES = ["f32", "f16", "bf16", "q8_0", "q4_0"] as const;
export type GgufType = (typeof GGUF_TYPES)[number];

/** Name of the file in an export's folder. */
export const GGUF_FILE = "model.gguf";

interface Storage {
  /** ggml's number of the type. */
  readonly type: number;
  /** general.file_type: llama.cpp's LLAMA_FTYPE. */
  readonly fileType: number;
  bytes(elements: number): number;
  encode(values: Float32Array): ArrayBufferView;
}

const packed = (format: PackedFormat, type: number, fileType: number): Storage => ({
  ...{ type, fileType },
  bytes: (elements) => packedBytes(format, elements),
  encode: (values) => quantise(format, values),
});
const STORAGE: Readonly<Record<GgufType, Storage>> = {
  f32: { type: 0, fileType: 0, bytes: (n) => 4 * n, encode: (values) => values },
  f16: { type: 1, fileType: 1, bytes: (n) => 2 * n, encode: float32ToFloat16 },
  bf16: { type: 30, fileType: 32, bytes: (n) => 2 * n, encode: float32ToBfloat16 },
  q8_0: packed("q8_0", 8, 7),
  q4_0: packed("q4_0", 2, 2),
};

/**
 * Storage of a tensor: vectors are float32 and embedding and head of a q4_0 file are q8_0, because ggml's q6_K, which llama.cpp takes for
 * the head, is not written here. A row that is no whole number of blocks is float16.
 */
function storageOf(type: GgufType, shape: readonly number[], isVocabulary: boolean): Storage {
  if (shape.length === 1) return STORAGE.f32;
  if (!type.startsWith("q")) return STORAGE[type];
  if (shape.at(-1)! % BLOCK !== 0) return STORAGE.f16;
  return STORAGE[type === "q4_0" && isVocabulary ? "q8_0" : type];
}

/**
 * Writes base and adapter, merged, as one GGUF file with tokenizer and chat template, as llama.cpp's converter would.
 * @throws data error for a family, a config or a tokenizer that cannot be written
 */
export async function writeMergedGguf(
  path: string,
  base: WeightSource,
  adapter: Adapter,
  { type, name }: { readonly type: GgufType; readonly name: string },
): Promise<void> {
  const { config } = base;
  const family = familyOf(config);
  const { gguf } = family;
  const refuse = (why: string): LorafitError =>
    new LorafitError("data", `--format gguf: ${why}`, { hint: "use --format merged" });
  if (gguf === null || gguf.writer === null)
    throw refuse(`models of the family ${family.modelType} are not written as GGUF`);
  const { writer, architecture } = gguf;
  const own = writer.metadata(config);
  if ("problem" in own) throw refuse(String(own.problem));
  const metadata: Record<string, GgufEntry> = {
    "general.architecture": ["string", architecture],
    "general.name": ["string", name],
    "general.file_type": ["u32", STORAGE[type].fileType],
    "general.quantization_version": ["u32", 2],
    ...own,
    ...(await ggufVocabulary(base.tokenizerFiles(), config)),
  };
  const weights = mergedWeights(base, adapter);
  const vocabulary = new Set([`${family.prefix}.${family.embedding}`, "lm_head.weight"]);
  const tensors = modelWeights(config).map(({ name, shape }): GgufOutput => {
    const storage = storageOf(type, shape, vocabulary.has(name));
    return {
      name: writer.ownName(name),
      shape,
      type: storage.type,
      bytes: storage.bytes(shape.reduce((product, n) => product * n, 1)),
      data: () => bytesOf(storage.encode(writer.store(name, weights.read(name), config))),
    };
  });
  const extra = Object.entries(writer.extra(config)).map(
    ([name, values]): GgufOutput => ({
      ...{ name, shape: [values.length], type: STORAGE.f32.type, bytes: values.byteLength },
      data: () => bytesOf(values),
    }),
  );
  writeGguf(path, metadata, [...tensors, ...extra]);
}

const bytesOf = ({ buffer, byteOffset, byteLength }: ArrayBufferView): Uint8Array =>
  new Uint8Array(buffer, byteOffset, byteLength);
