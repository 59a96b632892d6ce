import { LorafitError } from "../errors.ts";
import type { Precision } from "../program/precision.ts";
import { didYouMean } from "../suggest.ts";
import type { Engine } from "./engine.ts";

/** Properties of an engine that are known without loading its native part. */
export interface EngineEntry {
  readonly name: Engine["name"];
  readonly description: string;
  /** Version of the native part; bit-exact resuming needs the same one. */
  version(): Promise<string>;
  /** A library of the machine that it uses, by its path; null when it found none. */
  library?(): Promise<string | null>;
  /** Reason why `auto` skips a working engine; null when it does not. */
  passedOver?(): Promise<string | null>;
  /**
   * For engines on a GPU, which `auto` takes only after their trial: device, driver and library, for which its result holds.
   */
  trialIdentity?(): Promise<string>;
  /** What doctor prints of the device, a line each. */
  deviceFacts?(): Promise<readonly string[]>;
  /** The trial; absent: in a child process. */
  trial?(): Promise<string | null>;
  load(): Promise<Engine>;
}

/** In the order in which `auto` tries them. */
export const ENGINES: readonly EngineEntry[] = [
  {
    name: "cuda",
    description: "lorafit's own kernels, the whole step as one CUDA graph",
    version: async () => (await import("./cuda/cuda.ts")).cudaVersion(),
    library: async () => (await import("./cuda/cuda.ts")).cublasLtPath(),
    trialIdentity: async () => (await import("./cuda/cuda.ts")).cudaVersion(),
    load: async () => (await import("./cuda/cuda.ts")).cudaEngine,
  },
  {
    name: "tfjs",
    description: "TensorFlow's kernels, by way of tfjs-node",
    async version() {
      const { probeNativeTf } = await import("./tfjs/native.ts");
      const probe = await probeNativeTf();
      return probe.usable ? `TensorFlow ${probe.tensorflow}, ${probe.package}` : "none";
    },
    async passedOver() {
      const { probeNativeTf } = await import("./tfjs/native.ts");
      const probe = await probeNativeTf();
      return probe.usable && !probe.gpu ? `no GPU: ${probe.gpuReason}` : null;
    },
    trialIdentity: async () => (await import("./tfjs/native.ts")).nativeIdentity(),
    load: async () => (await import("./tfjs/tfjs.ts")).nativeTfjsEngine(),
  },
  {
    name: "webgpu",
    description: "onnxruntime on any vendor's GPU, the whole step as one graph",
    version: async () => (await import("./webgpu/webgpu.ts")).webgpuVersion(),
    passedOver: async () => (await import("./webgpu/webgpu.ts")).notForAuto(),
    trialIdentity: async () => (await import("./webgpu/webgpu.ts")).webgpuVersion(),
    deviceFacts: async () => (await import("./webgpu/webgpu.ts")).adapterFacts(),
    load: async () => (await import("./webgpu/webgpu.ts")).webgpuEngine,
  },
  {
    name: "onnx",
    description: "onnxruntime on the CPU, the whole step as one graph",
    version: async () => (await import("./onnx/runtime.ts")).runtimeVersion(),
    load: async () => (await import("./onnx/onnx.ts")).onnxEngine,
  },
  {
    name: "reference",
    description: "plain TypeScript in float64: the specification, slow",
    version: async () => "built in",
    load: async () => (await import("./reference/reference.ts")).referenceEngine,
  },
];

export const ENGINE_NAMES = ["auto", ...ENGINES.map(({ name }) => name)];

export interface SelectedEngine {
  readonly engine: Engine;
  /** Version of the native part; "built in" without one. */
  readonly version: string;
}

/**
 * The engine of this name, or, for `auto`, the first that can run here, in this precision if one is asked for. An engine on a GPU
 * must have passed its trial on this machine before `auto` takes it.
 * @throws usage error for an unknown name; environment error for an engine that is not here, with the reason
 */
export async function selectEngine(
  wanted = "auto",
  precision: Precision | "auto" = "auto",
  entries: readonly EngineEntry[] = ENGINES,
): Promise<SelectedEngine> {
  const candidates = entries.filter(({ name }) => wanted === "auto" || name === wanted);
  if (candidates.length === 0) {
    throw new LorafitError(
      "usage",
      `--engine ${wanted}: there is no such engine${didYouMean(wanted, ENGINE_NAMES)}`,
      {
        hint: `use one of ${ENGINE_NAMES.join(", ")}`,
      },
    );
  }
  const refusals: string[] = [];
  for (const entry of candidates) {
    const { engine, reason, passedOver } = await probeEngine(entry, wanted === "auto" ? "kept" : "none");
    if (wanted === "auto" && precision !== "auto" && engine?.precisions.includes(precision) === false) {
      refusals.push(`${entry.name}: ${engine.withheld?.[precision] ?? `not in ${precision}`}`);
      continue;
    }
    if (engine !== undefined && (wanted !== "auto" || passedOver === null)) {
      return { engine, version: await entry.version() };
    }
    refusals.push(`${entry.name}: ${reason ?? passedOver}`);
  }
  const what = wanted === "auto" ? "no engine can run here" : `--engine ${wanted} cannot run here`;
  throw new LorafitError("environment", `${what}: ${refusals.join("; ")}`, {
    hint: "`lorafit doctor` says what is missing",
  });
}

export interface ProbedEngine {
  /** Absent when it cannot run here. */
  readonly engine?: Engine;
  /** Reason why it cannot. */
  readonly reason: string | null;
  /** Reason why `auto` chooses another engine although this one works. */
  readonly passedOver: string | null;
  /** True if it did not pass its trial: calling it may end the process. */
  readonly failedTrial?: boolean;
}

/** `trial`: whether an engine on a GPU is tried: not at all, unless a result is kept, or always. */
export async function probeEngine(
  entry: EngineEntry,
  trial: "none" | "kept" | "again",
): Promise<ProbedEngine> {
  try {
    const engine = await entry.load();
    const reason = await engine.probe();
    if (reason !== null) return { reason, passedOver: null };
    const passedOver = (await entry.passedOver?.()) ?? null;
    if (passedOver !== null || trial === "none") return { engine, reason, passedOver };
    const fault = await trialFault(entry, trial === "again");
    return { engine, reason, passedOver: fault, failedTrial: fault !== null };
  } catch (error) {
    return { reason: (error as Error).message, passedOver: null };
  }
}

async function trialFault(entry: EngineEntry, again: boolean): Promise<string | null> {
  if (entry.trialIdentity === undefined) return null;
  const { faultOf, runTrial } = await import("./trial/trust.ts");
  const run = entry.trial ?? (() => runTrial(entry.name, { module: import.meta.url }));
  return faultOf({ engine: entry.name, identity: await entry.trialIdentity(), run }, again);
}

/** The trial of an engine by its name, in this process: the child of `runTrial` calls it. */
export async function tryNamed(name: string): Promise<string | null> {
  const { tryEngine } = await import("./trial/trial.ts");
  return tryEngine(await ENGINES.find((entry) => entry.name === name)!.load());
}
