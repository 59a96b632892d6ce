import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { cpus } from "node:os";
import { join } from "node:path";

export interface UsableNative {
  readonly usable: true;
  /** Version of the library, such as 2.21.0. */
  readonly tensorflow: string;
  /** Name and version of the npm package. */
  readonly package: string;
  /** Where it lies. */
  readonly folder: string;
  /** The GPU's name, or the CPU's. */
  readonly device: string;
  readonly gpu: boolean;
  /** Why there is no GPU, as TensorFlow sees it; absent when there is one. */
  readonly gpuReason?: string;
}

export type NativeProbe = UsableNative | { readonly usable: false; readonly reason: string };

/** Loading starts CUDA and may compile kernels for a new GPU. */
const TIMEOUT_MS = 300_000;

/** What the library itself says at its most talkative level, which is where its reasons are. */
const TALKATIVE = { TF_CPP_MIN_LOG_LEVEL: "0", TF_CPP_VMODULE: "dso_loader=1,dlopen_checker=1" };

export const BUILT_WITHOUT_CUDA = "this TensorFlow is built without CUDA";

/**
 * What TensorFlow reads from the environment when it is loaded; what the user has set stays.
 * The binding takes the last GPU that it sees while operations name none, so it is shown one only.
 */
export function nativeEnvironment(threads: number): NodeJS.ProcessEnv {
  return {
    CUDA_VISIBLE_DEVICES: "0",
    TF_FORCE_GPU_ALLOW_GROWTH: "true",
    TF_CPP_MIN_LOG_LEVEL: "3",
    ...process.env,
    ...(threads > 0 ? { TF_NUM_INTRAOP_THREADS: String(threads) } : {}),
  };
}

/**
 * The package's exports, with what newer Nodes no longer have and the package calls.
 * The probe's child runs this function's text, so it must stand alone.
 */
export function requireTf(require: (path: string) => unknown, folder: string): unknown {
  const util = require("node:util") as Record<string, unknown>;
  util["isNullOrUndefined"] ??= (value: unknown) => value === null || value === undefined;
  util["isArray"] ??= Array.isArray;
  return require(folder);
}

/** The child's program. It answers on its stdout, last. */
const childOf = (folder: string): string => `
const tf = (${requireTf})(require, ${JSON.stringify(folder)});
const { binding, isUsingGpuDevice } = tf.backend();
const a = tf.tensor2d([[1, 2], [3, 4]]);
const product = Array.from(tf.matMul(a, a).dataSync());
const answer = { product, tensorflow: binding.TF_Version, gpu: isUsingGpuDevice };
require("node:fs").writeFileSync(1, "\\n" + JSON.stringify(answer));
`;

/** Loads the package in this folder and multiplies, in a child process: broken native code must not take ours down. */
export async function probePackage(folder: string): Promise<NativeProbe> {
  const { stdout, stderr, signal } = await run(folder);
  const answer = stdout.trim().split("\n").at(-1);
  if (signal !== null || !answer?.startsWith("{")) {
    return { usable: false, reason: signal === null ? failureIn(stderr) : crashIn(stderr, signal) };
  }
  const { product, tensorflow, gpu } = JSON.parse(answer) as {
    product: number[];
    tensorflow: string;
    gpu: boolean;
  };
  if (product.join() !== "7,10,15,22") return { usable: false, reason: `it multiplies wrongly: ${product}` };
  const { name, version } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
  return {
    usable: true,
    tensorflow,
    package: `${name} ${version}`,
    folder,
    device: (gpu ? gpuName(stderr) : cpus()[0]?.model.trim()) ?? "unknown",
    gpu,
    ...(gpu ? {} : { gpuReason: whyNoGpu(stderr, process.env["CUDA_VISIBLE_DEVICES"]) }),
  };
}

interface Finished {
  readonly stdout: string;
  readonly stderr: string;
  readonly signal: string | null;
}

function run(folder: string): Promise<Finished> {
  const env = { ...nativeEnvironment(0), ...TALKATIVE };
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      ["-e", childOf(folder)],
      { env, timeout: TIMEOUT_MS },
      (error, stdout, stderr) => {
        resolve({ stdout, stderr, signal: error?.signal ?? null });
      },
    );
  });
}

/** The line of the error among what Node prints of it. */
function failureIn(stderr: string): string {
  const line = /^(?:\w*Error(?: \[\w+\])?: )(.*)$/m.exec(stderr)?.[1] ?? stderr.trim().split("\n").at(-1);
  return line?.trim() || "it does not load";
}

/** With a driver but without a library of CUDA, for example, TensorFlow ends the process. */
function crashIn(stderr: string, signal: string): string {
  const missing = missingLibraries(stderr);
  const what = missing.length > 0 ? lacking(missing) : /^\s*what\(\): +([^\n]+)/m.exec(stderr)?.[1];
  return `it dies of ${signal}${what === undefined ? "" : `: ${what}`}`;
}

/** From "Created device … -> device: 0, name: NVIDIA H100 80GB HBM3, pci bus id: …". */
function gpuName(stderr: string): string | undefined {
  return /\bname: ([^,\n]+), pci bus id/.exec(stderr)?.[1];
}

/** One line from what TensorFlow printed while it looked for a GPU. */
export function whyNoGpu(stderr: string, visible: string | undefined): string {
  if (!/libcuda\.so|cuInit/.test(stderr)) return BUILT_WITHOUT_CUDA;
  if (visible === "" || visible?.startsWith("-")) return `CUDA_VISIBLE_DEVICES=${visible} hides it`;
  const missing = missingLibraries(stderr);
  if (missing.length > 0) return lacking(missing);
  const said =
    /failed call to cuInit: (?:INTERNAL: CUDA error: )?([^\n]+)/.exec(stderr)?.[1] ??
    /(Ignoring visible gpu device[^\n]+)/.exec(stderr)?.[1];
  return said === undefined ? "TensorFlow finds the driver, but no GPU" : `TensorFlow says: ${said}`;
}

function missingLibraries(stderr: string): string[] {
  return [
    ...new Set([...stderr.matchAll(/Could not load dynamic library '([^']+)'/g)].map((match) => match[1]!)),
  ];
}

function lacking(libraries: readonly string[]): string {
  if (libraries.includes("libcuda.so.1")) return "there is no NVIDIA driver here (libcuda.so.1)";
  if (libraries.includes("libnvidia-ml.so.1"))
    return "the NVIDIA driver is here without its libnvidia-ml.so.1";
  return `libraries of CUDA are missing: ${libraries.join(", ")}`;
}
