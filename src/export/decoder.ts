import type { InferenceSession, Tensor } from "onnxruntime-node";
import { LorafitError } from "../errors.ts";
import type { ModelConfig } from "../model/config.ts";

/** An input that is a LoRA factor. */
const FACTOR = /\.lora_\w+(?:\.weight)?$/;

/** Factors for a graph that has LoRA inputs, by input name: A [r, in], B [out, r] with the scale folded in. */
export type FactorInputs = ReadonlyMap<
  string,
  { readonly shape: readonly number[]; readonly data: Float32Array }
>;

type Runtime = typeof import("onnxruntime-node");

/** A loaded decoder graph with the inputs and outputs of the decoding Program. */
export interface Decoder {
  readonly runtime: Runtime;
  readonly session: InferenceSession;
  readonly config: ModelConfig;
  /** Fed in every run beside ids, mask, positions and cache. */
  readonly factors: Readonly<Record<string, Tensor>>;
}

/** A graph in onnxruntime. @throws data error if onnxruntime refuses the file */
export async function openGraph(
  path: string,
  threads?: number,
): Promise<{ runtime: Runtime; session: InferenceSession }> {
  // Loaded on first use, so that lorafit starts where the native part does not load.
  const { default: runtime } = await import("onnxruntime-node");
  let session: InferenceSession;
  try {
    session = await runtime.InferenceSession.create(path, {
      intraOpNumThreads: threads ?? 0,
      interOpNumThreads: 1,
      logSeverityLevel: 3,
    });
  } catch (cause) {
    throw new LorafitError("data", `${path}: onnxruntime cannot load it: ${(cause as Error).message}`, {
      hint: "export the model again",
      cause,
    });
  }
  return { runtime, session };
}

/** @throws data error if onnxruntime refuses the file; mismatch if factors do not fit the graph's inputs */
export async function openDecoder(
  path: string,
  config: ModelConfig,
  options: { readonly threads?: number; readonly factors?: FactorInputs } = {},
): Promise<Decoder> {
  const { runtime, session } = await openGraph(path, options.threads);
  return {
    runtime,
    session,
    config,
    factors: factorFeeds(runtime, session, options.factors ?? new Map(), path),
  };
}

/** A feed for every LoRA input of the graph: its factor, or one of rank 0, which adds nothing. */
function factorFeeds(
  runtime: Runtime,
  session: InferenceSession,
  factors: FactorInputs,
  path: string,
): Record<string, Tensor> {
  const feeds: Record<string, Tensor> = {};
  for (const input of session.inputMetadata) {
    if (!FACTOR.test(input.name) || !input.isTensor) continue;
    const { shape } = input;
    const given = factors.get(input.name);
    if (given !== undefined && !given.shape.every((length, i) => length === shape[i] || isSymbol(shape[i]))) {
      throw new LorafitError(
        "mismatch",
        `${input.name}: shape [${given.shape.join(", ")}], ${path} wants [${shape.join(", ")}]`,
        {
          hint: "use the adapter with the base that it was trained on",
        },
      );
    }
    feeds[input.name] = given
      ? new runtime.Tensor("float32", given.data, given.shape)
      : new runtime.Tensor(
          "float32",
          new Float32Array(0),
          shape.map((length) => (isSymbol(length) ? 0 : Number(length))),
        );
  }
  const lost = [...factors.keys()].filter((name) => !(name in feeds));
  if (lost.length > 0) {
    throw new LorafitError(
      "mismatch",
      `${path}: no input for ${lost.slice(0, 3).join(", ")} (${lost.length} in all)`,
      {
        hint: "open an export whose LoRA inputs cover the adapter's targets",
      },
    );
  }
  return feeds;
}

/** True for a dimension whose length is free in each run. */
const isSymbol = (length: number | string | undefined): boolean => typeof length === "string";
