import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { LorafitError } from "../errors.ts";
import type { ModelConfig } from "../model/config.ts";
import { parseModelConfig } from "../model/families/index.ts";
import { loadTokenizer, type Tokenizer } from "../tokens/tokenizer.ts";
import { labelsIn, readConsumerFiles } from "./consumer-files.ts";
import { type Device, type FactorInputs, openDecoder } from "./decoder.ts";
import { readFactorInputs } from "./factor-inputs.ts";
import { artifactSha256 } from "./folder.ts";
import { type Finish, type GenerateOptions, generateTokens, type TokenEvent } from "./generate.ts";
import { logLikelihood, rowLogits, type ScoredRow } from "./score.ts";

export interface Generated {
  /** Without the stop token. */
  readonly ids: number[];
  readonly finish: Finish;
}

/** An exported folder in onnxruntime, as a consumer runs it. Log-likelihoods are natural logarithms. */
export interface ExportedModel {
  readonly dir: string;
  /** Hash of the folder's files and of the factors that are fed. */
  readonly sha256: string;
  readonly config: ModelConfig;
  readonly tokenizer: Tokenizer;
  /** True if the graph takes LoRA factors as inputs. */
  readonly takesAdapters: boolean;
  /** Continuations in the order of the prompts. @throws as `tokens` */
  generate(
    prompts: readonly (readonly number[])[],
    options: GenerateOptions & { readonly onToken?: (row: number, id: number) => void },
  ): Promise<Generated[]>;
  /** Continuations as a stream of events; leaving the loop stops generation. */
  tokens(prompts: readonly (readonly number[])[], options: GenerateOptions): AsyncGenerator<TokenEvent>;
  logLikelihood(
    rows: readonly ScoredRow[],
    options?: { readonly batchSize?: number },
  ): Promise<{ sum: number; count: number }[]>;
  /** Logits [length, V] of each row. */
  logits(
    rows: readonly (readonly number[])[],
    options?: { readonly batchSize?: number },
  ): Promise<Float32Array[]>;
  close(): Promise<void>;
}

export interface OpenOptions {
  /** 0 or absent: all cores. */
  readonly threads?: number;
  /**
   * For a graph with LoRA inputs: a folder of `export --format onnx-adapter`, or a PEFT adapter. Absent: every factor has
   * rank 0, which gives the base exactly.
   */
  readonly adapter?: string;
  /** Absent: the CPU. */
  readonly device?: Device;
}

/**
 * Opens a folder in transformers.js layout: config.json, tokenizer files and onnx/model.onnx.
 * @throws data error for files that are missing or damaged; mismatch if the adapter does not fit
 */
export async function openExported(dir: string, options: OpenOptions = {}): Promise<ExportedModel> {
  const files = readConsumerFiles(dir);
  if (labelsIn(files.config) !== undefined) {
    throw new LorafitError("data", `${dir}: is a classifier, which gives labels and writes no text`, {
      hint: "`lorafit eval` runs it; docs/formats.md says how a program does",
    });
  }
  const config = parseModelConfig(files.config, join(dir, "config.json"));
  const tokenizer = await loadTokenizer(files.tokenizer);
  const factors =
    options.adapter === undefined
      ? new Map()
      : readFactorInputs(options.adapter, { config, sha256: files.baseSha256 });
  const decoder = await openDecoder(join(dir, "onnx/model.onnx"), config, {
    ...(options.threads === undefined ? {} : { threads: options.threads }),
    ...(options.device === undefined ? {} : { device: options.device }),
    factors,
  });
  const stopIds = new Set(tokenizer.eosIds);
  const tokens = (prompts: readonly (readonly number[])[], generateOptions: GenerateOptions) =>
    generateTokens(decoder, stopIds, prompts, generateOptions);
  return {
    dir,
    sha256: withFactors(artifactSha256(dir), factors),
    config,
    tokenizer,
    takesAdapters: Object.keys(decoder.factors).length > 0,
    tokens,
    async generate(prompts, { onToken, ...generateOptions }) {
      const results = prompts.map(() => ({ ids: [] as number[], finish: "length" as Finish }));
      for await (const event of tokens(prompts, generateOptions)) {
        if (event.type === "end") results[event.row]!.finish = event.finish;
        else {
          results[event.row]!.ids.push(event.id);
          onToken?.(event.row, event.id);
        }
      }
      return results;
    },
    logLikelihood: (rows, { batchSize } = {}) => logLikelihood(decoder, rows, batchSize),
    logits: (rows, { batchSize } = {}) => rowLogits(decoder, rows, batchSize),
    close: () => decoder.session.release(),
  };
}

/** True if `openExported` finds a graph in the folder. */
export const isExported = (dir: string): boolean => existsSync(join(dir, "onnx/model.onnx"));

function withFactors(folderSha256: string, factors: FactorInputs): string {
  if (factors.size === 0) return folderSha256;
  const hash = createHash("sha256").update(folderSha256);
  for (const name of [...factors.keys()].sort()) hash.update(name).update(factors.get(name)!.data);
  return hash.digest("hex");
}
