import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Engine } from "../engines/engine.ts";
import { LorafitError } from "../errors.ts";
import { writeFileAtomic } from "../formats/files.ts";
import { jsonText } from "../formats/json.ts";
import { type Adapter, adapterConfigSha256, adapterSha256, readAdapter } from "../lora/adapter.ts";
import { loraLayout } from "../lora/layout.ts";
import { isEncoder } from "../model/programs.ts";
import type { WeightSource } from "../model/weights.ts";
import { loadTokenizer } from "../tokens/tokenizer.ts";
import { openClassifier } from "./classifier.ts";
import { type EncoderComparison, verifyEncoder } from "./encoder.ts";
import { factorInputs } from "./factor-inputs.ts";
import { artifactOf, fileHashes, REPORT_FILE, writeFolder } from "./folder.ts";
import { GGUF_FILE, type GgufType, writeMergedGguf } from "./gguf/gguf.ts";
import { MODELFILE, modelfile } from "./gguf/modelfile.ts";
import { type Dtype, ownDtype, writeMergedModel } from "./merged.ts";
import { consumersOfMerged, writeClassifier, writeHotSwap, writeMerged } from "./onnx.ts";
import { copyPeft } from "./peft.ts";
import { openExported } from "./session.ts";
import { type ClassifierComparison, verifyClassifier } from "./verify/classifier.ts";
import { compareMerged, type MergeComparison } from "./verify/merged.ts";
import { type Comparison, verifyExport } from "./verify/verify.ts";

export const EXPORT_FORMATS = ["peft", "onnx", "onnx-adapter", "merged", "gguf"] as const;
export type ExportFormat = (typeof EXPORT_FORMATS)[number];
const NOT_YET = ["mlx"];

/** export.json: the origin of the folder and the result of the comparison. */
export interface ExportReport {
  readonly format: ExportFormat;
  readonly base_sha256: string;
  /** Hash of adapter_model.safetensors; null for the base alone. */
  readonly adapter_sha256: string | null;
  /** Null for PEFT, whose factors are read back and compared bit by bit, and for an encoder. */
  readonly comparison: Comparison | ClassifierComparison | null;
  /** Comparison of an encoder, which has no logits; `comparison` is null. */
  readonly hidden_states?: EncoderComparison;
  /** Comparison of merged weights; `comparison` is null. */
  readonly merge?: MergeComparison;
  /** Hash of adapter_config.json; null for the base alone. */
  readonly adapter_config_sha256: string | null;
  readonly artifact_sha256: string;
  /** Programs that open the folder. Absent in reports of earlier versions. */
  readonly opens_in?: readonly string[];
  /** SHA-256 of every other file in the folder, by name. */
  readonly files: Readonly<Record<string, string>>;
}

export interface ExportOptions {
  readonly base: WeightSource;
  /** PEFT folder. Absent: the base alone, which `onnx` exports so that both sides are judged in one runtime. */
  readonly adapter?: string;
  /** With `onnx` and no PEFT folder: an adapter in memory, such as the one that training starts from. */
  readonly initial?: Adapter;
  readonly format: string;
  readonly out: string;
  /** The engine whose logits the export must match. */
  readonly engine: Engine;
  readonly threads?: number;
  /** Weights above this size go to onnx/model.onnx_data; `merged` begins another shard. */
  readonly singleFileBytes?: number;
  /** With `merged`: type of the weights; by default the base's own. */
  readonly dtype?: Dtype;
  /** With `gguf`: type of the matrices; by default f16. */
  readonly type?: GgufType;
  /** With `gguf`: the model's name in the file. */
  readonly name?: string;
  readonly signal?: AbortSignal;
}

/**
 * Writes one format to the folder `out`, reads it back and compares it with the training engine. A folder that differs is
 * deleted.
 * @throws usage error for an unknown format or a folder in use; mismatch if the export differs from the trained model or the
 * adapter does not fit the base; environment error if the folder cannot be written
 */
export async function exportModel(options: ExportOptions): Promise<ExportReport> {
  const { base, adapter: peftFolder } = options;
  const format = checkFormat(options.format);
  const adapter = peftFolder === undefined ? (options.initial ?? null) : readAdapter(peftFolder, base);
  const head = adapter?.layout.head;
  if (head !== undefined && format === "onnx-adapter") {
    throw new LorafitError(
      "usage",
      `--format ${format}: the adapter classifies; its head is no LoRA factor`,
      {
        hint: "use peft or onnx",
      },
    );
  }
  if (["merged", "gguf"].includes(format) && (head !== undefined || isEncoder(base.config))) {
    throw new LorafitError(
      "usage",
      `--format ${format}: the model does not decode; its head is stored apart`,
      {
        hint: "use peft, which transformers + PEFT open, or onnx",
      },
    );
  }
  if (options.dtype !== undefined && format !== "merged") {
    throw new LorafitError("usage", `--dtype belongs to --format merged; ${format} is float32`, {
      hint: "leave it out, or use --format merged",
    });
  }
  if (options.type !== undefined && format !== "gguf") {
    throw new LorafitError("usage", `--type belongs to --format gguf`, {
      hint: format === "merged" ? "use --dtype" : "leave it out",
    });
  }
  if (peftFolder === undefined && format !== "onnx") {
    throw new LorafitError("usage", `--format ${format}: there is no adapter to export`, {
      hint: "name a run, or use onnx",
    });
  }
  return writeReported(options, format, peftFolder ?? null, async (folder) => {
    if (format === "peft") {
      copyPeft(peftFolder!, folder, base);
      return null;
    }
    if (format === "merged") {
      const dtype = options.dtype ?? ownDtype(base);
      await writeMergedModel(folder, base, adapter!, { dtype, shardBytes: options.singleFileBytes });
      return compareMerged(folder, base, adapter!, options.engine, { dtype, ...threadsOf(options) });
    }
    if (format === "gguf") {
      const { type = "f16", name = "lorafit" } = options;
      const path = join(folder, GGUF_FILE);
      await writeMergedGguf(path, base, adapter!, { type, name });
      const tokenizer = await loadTokenizer(base.tokenizerFiles());
      const ollama = modelfile(tokenizer, base.config.maxPositions);
      if (ollama !== undefined) writeFileAtomic(join(folder, MODELFILE), ollama);
      return compareMerged(path, base, adapter!, options.engine, { dtype: type, ...threadsOf(options) });
    }
    if (head !== undefined) {
      await writeClassifier(folder, base, adapter!, head, options.singleFileBytes);
      return compareClassifier(folder, options, adapter!);
    }
    if (format === "onnx") await writeMerged(folder, base, adapter, options.singleFileBytes);
    else {
      const beside = { adapter: adapter!, peftFolder: peftFolder! };
      await writeHotSwap(folder, base, adapter!.layout, beside, options.singleFileBytes);
    }
    if (isEncoder(base.config)) {
      const factors = format === "onnx-adapter" ? { factors: factorInputs(adapter!) } : {};
      return verifyEncoder(folder, base, adapter, options.engine, { ...threadsOf(options), ...factors });
    }
    return compare(folder, options, adapter, format === "onnx-adapter" ? folder : undefined);
  });
}

/**
 * Exports the base's graph with the factors of every linear layer as inputs, so that any adapter runs without an export.
 * @throws as exportModel does
 */
export async function exportHotSwapBase(
  options: Omit<ExportOptions, "adapter" | "initial" | "format">,
): Promise<ExportReport> {
  const { base } = options;
  const layout = loraLayout(base.config, {
    ...{ variant: "lora", targets: "all-linear" },
    ...{ rank: 1, alpha: 1, dropout: 0, rsLora: false, rankPattern: {}, alphaPattern: {} },
  });
  return writeReported(options, "onnx-adapter", null, async (folder) => {
    await writeHotSwap(folder, base, layout, null, options.singleFileBytes);
    return compare(folder, options, null, undefined);
  });
}

type Made = ExportReport["comparison"] | EncoderComparison | MergeComparison;

/** The part of the report in which a comparison is kept. */
function comparedBy(made: Made): Pick<ExportReport, "comparison" | "hidden_states" | "merge"> {
  if (made !== null && "max_hidden_difference" in made) return { comparison: null, hidden_states: made };
  if (made !== null && "dtype" in made) return { comparison: null, merge: made };
  return { comparison: made };
}

const threadsOf = ({ threads }: Pick<ExportOptions, "threads">) => (threads === undefined ? {} : { threads });

const consumersOf = (format: ExportFormat, folder: string): string[] => {
  if (format === "onnx") return consumersOfMerged(folder);
  if (format === "merged") return ["transformers", "lorafit as a base"];
  if (format === "gguf")
    return ["llama.cpp", "lorafit as a base", ...(existsSync(join(folder, MODELFILE)) ? ["Ollama"] : [])];
  return format === "peft" ? ["PEFT"] : ["onnxruntime"];
};

function checkFormat(format: string): ExportFormat {
  const known = EXPORT_FORMATS.find((name) => name === format);
  if (known !== undefined) return known;
  const what = NOT_YET.includes(format) ? "not implemented" : "unknown";
  throw new LorafitError("usage", `--format ${format}: ${what}`, {
    hint: `use ${EXPORT_FORMATS.join(", ")}`,
  });
}

function writeReported(
  { base, out }: { readonly base: WeightSource; readonly out: string },
  format: ExportFormat,
  peftFolder: string | null,
  write: (folder: string) => Promise<Made>,
): Promise<ExportReport> {
  return writeFolder(out, async (folder) => {
    const made = await write(folder);
    const files = fileHashes(folder);
    const report: ExportReport = {
      format,
      base_sha256: base.sha256,
      adapter_sha256: peftFolder === null ? null : adapterSha256(peftFolder),
      adapter_config_sha256: peftFolder === null ? null : adapterConfigSha256(peftFolder),
      ...comparedBy(made),
      artifact_sha256: artifactOf(files),
      opens_in: consumersOf(format, folder),
      files,
    };
    writeFileAtomic(join(folder, REPORT_FILE), jsonText(report));
    return report;
  });
}

async function compareClassifier(
  folder: string,
  { base, engine, threads }: ExportOptions,
  adapter: Adapter,
): Promise<ClassifierComparison> {
  const options = threads === undefined ? {} : { threads };
  const model = await openClassifier(folder, options);
  try {
    return await verifyClassifier(model, base, adapter, engine, options);
  } finally {
    await model.close();
  }
}

async function compare(
  folder: string,
  options: Omit<ExportOptions, "adapter" | "format">,
  adapter: Adapter | null,
  adapterFolder: string | undefined,
): Promise<Comparison> {
  const { base, engine } = options;
  const threads = threadsOf(options);
  const signal = options.signal === undefined ? {} : { signal: options.signal };
  const model = await openExported(folder, {
    ...threads,
    ...(adapterFolder === undefined ? {} : { adapter: adapterFolder }),
  });
  try {
    const tokenizer = await loadTokenizer(base.tokenizerFiles());
    return await verifyExport(model, { config: base.config, weights: base, tokenizer, adapter }, engine, {
      ...threads,
      ...signal,
    });
  } finally {
    await model.close();
  }
}
