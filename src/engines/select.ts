import { createRequire } from "node:module";
import { LorafitError } from "../errors.ts";
import { didYouMean } from "../task/suggest.ts";
import type { Engine } from "./engine.ts";

/** An engine as far as it is known without loading its native part. */
export interface EngineEntry {
  readonly name: Engine["name"];
  readonly description: string;
  /** npm package of the native part; its version belongs to a bit-exact continuation. */
  readonly package?: string;
  load(): Promise<Engine>;
}

/** In the order in which `auto` tries them. */
export const ENGINES: readonly EngineEntry[] = [
  {
    name: "onnx",
    description: "onnxruntime on the CPU, the whole step as one graph",
    package: "onnxruntime-node",
    load: async () => (await import("./onnx/onnx.ts")).onnxEngine,
  },
  {
    name: "reference",
    description: "plain TypeScript in float64: the specification, slow",
    load: async () => (await import("./reference/reference.ts")).referenceEngine,
  },
];

/** Engines that the design names and this version does not have. */
const PLANNED: readonly string[] = ["tfjs", "cuda"];

export const ENGINE_NAMES = ["auto", ...ENGINES.map(({ name }) => name)];

export interface SelectedEngine {
  readonly engine: Engine;
  /** Of the native part; "built in" without one. */
  readonly version: string;
}

/**
 * The engine of this name, or, for `auto`, the first that can run here.
 * @throws usage error for an unknown name; environment error for an engine that is not here, with the reason
 */
export async function selectEngine(wanted = "auto"): Promise<SelectedEngine> {
  const candidates = ENGINES.filter(({ name }) => wanted === "auto" || name === wanted);
  if (PLANNED.includes(wanted)) {
    throw new LorafitError("environment", `--engine ${wanted}: this version of lorafit does not have it`, {
      hint: `use one of ${ENGINE_NAMES.join(", ")}`,
    });
  }
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
    const { engine, reason } = await probeEngine(entry);
    if (engine !== undefined) return { engine, version: engineVersion(entry) };
    refusals.push(`${entry.name}: ${reason}`);
  }
  throw new LorafitError("environment", `no engine can run here: ${refusals.join("; ")}`, {
    hint: "`lorafit doctor` says what is missing",
  });
}

/** The engine when it can run here, else why not. */
export async function probeEngine(
  entry: EngineEntry,
): Promise<{ readonly engine?: Engine; readonly reason: string | null }> {
  try {
    const engine = await entry.load();
    const reason = await engine.probe();
    return reason === null ? { engine, reason } : { reason };
  } catch (error) {
    return { reason: (error as Error).message };
  }
}

export function engineVersion({ package: name }: EngineEntry): string {
  if (name === undefined) return "built in";
  const require = createRequire(import.meta.url);
  return (require(`${name}/package.json`) as { version: string }).version;
}
