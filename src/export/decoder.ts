import type { InferenceSession, Tensor } from "onnxruntime-node";
import { providerOn } from "../engines/webgpu/webgpu.ts";
import { LorafitError } from "../errors.ts";
import type { ModelConfig } from "../model/config.ts";

/** An input that is a LoRA factor. */
const FACTOR = /\.lora_\w+(?:\.weight)?$/;

/** Factors for a graph that has LoRA inputs, by input name: A [r, in], B [out, r] with the scale folded in. */
export type FactorInputs = ReadonlyMap<
  string,
  { readonly shape: readonly number[]; readonly data: Float32Array }
>;

/** Where a model runs: on the CPU, or on a GPU by onnxruntime's WebGPU provider. */
export const DEVICES = ["cpu", "webgpu"] as const;
export type Device = (typeof DEVICES)[number];

type Runtime = typeof import("onnxruntime-node");

/** A loaded decoder graph with the inputs and outputs of the decoding Program. */
export interface Decoder {
  readonly runtime: Runtime;
  readonly session: InferenceSession;
  readonly config: ModelConfig;
  /** Fed in every run beside ids, mask, positions and cache. */
  readonly factors: Readonly<Record<string, Tensor>>;
}

/** A graph in onnxruntime. @throws data error if onnxruntime refuses the file; environment error if the device is not here */
export async function openGraph(
  path: string,
  threads = 0,
  device: Device = "cpu",
): Promise<{ runtime: Runtime; session: InferenceSession }> {
  if (device === "webgpu") await providerOn();
  // Loaded on first use, so that lorafit starts where the native part does not load.
  const { default: runtime } = await import("onnxruntime-node");
  let session: InferenceSession;
  try {
    session = await runtime.InferenceSession.create(path, {
      // What the provider cannot compute, such as sizes, runs on the CPU.
      executionProviders: device === "webgpu" ? ["webgpu", "cpu"] : ["cpu"],
      intraOpNumThreads: threads,
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

/** @throws as openGraph does; mismatch if factors do not fit the graph's inputs */
export async function openDecoder(
  path: string,
  config: ModelConfig,
  options: { readonly threads?: number; readonly factors?: FactorInputs; readonly device?: Device } = {},
): Promise<Decoder> {
  const { runtime, session } = await openGraph(path, options.threads, options.device);
  return {
    runtime,
    session,
    config,
    factors: factorFeeds(runtime, session, path, {
      given: options.factors ?? new Map(),
      // The WebGPU provider ends the process at a product with rank 0 (onnxruntime 1.30).
      absentRank: options.device === "webgpu" ? 1 : 0,
    }),
  };
}

/** A feed for every LoRA input of the graph: its factor, or zeros of the rank `absentRank`, which add nothing. */
function factorFeeds(
  runtime: Runtime,
  session: InferenceSession,
  path: string,
  { given: factors, absentRank }: { readonly given: FactorInputs; readonly absentRank: number },
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
    const sizes = shape.map((length) => (isSymbol(length) ? absentRank : Number(length)));
    feeds[input.name] = given
      ? new runtime.Tensor("float32", given.data, given.shape)
      : new runtime.Tensor("float32", new Float32Array(sizes.reduce((n, d) => n * d, 1)), sizes);
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
