import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { cpus } from "node:os";
import { join } from "node:path";
import type { Precision } from "../../program/precision.ts";
import { type ProductFaults, productFaults } from "./products.ts";

export interface UsableNative {
  readonly usable: true;
  /** Version of the library, such as 2.21.0. */
  readonly tensorflow: string;
  /** Name and version of the npm package. */
  readonly package: string;
  /** Folder of the npm package. */
  readonly folder: string;
  /** The GPU's name, or the CPU's. */
  readonly device: string;
  readonly gpu: boolean;
  /** TensorFlow's reason for the absence of a GPU; absent when there is one. */
  readonly gpuReason?: string;
  /** Precisions whose products this library does not compute as promised on this device, each with the reason. */
  readonly withheld: Withheld;
}

export type Withheld = Readonly<Partial<Record<Precision, string>>>;

export type NativeProbe = UsableNative | { readonly usable: false; readonly reason: string };

/** Loading starts CUDA and may compile kernels for a new GPU. */
const TIMEOUT_MS = 300_000;

/** Most verbose logging of the library, which contains its reasons. */
const TALKATIVE = { TF_CPP_MIN_LOG_LEVEL: "0", TF_CPP_VMODULE: "dso_loader=1,dlopen_checker=1" };

export const BUILT_WITHOUT_CUDA = "this TensorFlow is built without CUDA";

/**
 * Environment that TensorFlow reads when it is loaded; variables that the user has set are kept. The binding uses the last visible
 * GPU while operations use the first, so only one is made visible.
 */
export function nativeEnvironment(threads: number): NodeJS.ProcessEnv {
  return {
    CUDA_VISIBLE_DEVICES: "0",
    TF_FORCE_GPU_ALLOW_GROWTH: "true",
    TF_CPP_MIN_LOG_LEVEL: "3",
    // Without it, float32 products are computed in TF32 on Ampere and newer GPUs.
    NVIDIA_TF32_OVERRIDE: "0",
    ...process.env,
    ...(threads > 0 ? { TF_NUM_INTRAOP_THREADS: String(threads) } : {}),
  };
}

/**
 * Loads the package, with the functions of `node:util` that it calls and newer Nodes no longer have. The probe's child runs the text of
 * this function, so it must not refer to anything outside.
 */
export function requireTf(require: (path: string) => unknown, folder: string): unknown {
  const util = require("node:util") as Record<string, unknown>;
  util["isNullOrUndefined"] ??= (value: unknown) => value === null || value === undefined;
  util["isArray"] ??= Array.isArray;
  return require(folder);
}

/**
 * Program of the child. It answers on stdout: one line when the library is loaded, and one after the products of each precision,
 * because a product that the CPU does not support can end the process (oneDNN does).
 */
const childOf = (folder: string): string => `
const say = (answer) => require("node:fs").writeFileSync(1, "\\n" + JSON.stringify(answer) + "\\n");
const tf = (${requireTf})(require, ${JSON.stringify(folder)});
const { binding, isUsingGpuDevice } = tf.backend();
say({ tensorflow: binding.TF_Version, gpu: isUsingGpuDevice });
for (const precision of ["float32", "bf16"]) say({ [precision]: (${productFaults})(binding, precision) });
`;

/** The child's lines, as far as it got. */
interface Answer extends Partial<Record<Precision, ProductFaults>> {
  readonly tensorflow?: string;
  readonly gpu?: boolean;
}

/**
 * Loads the package in this folder and multiplies in each precision, in a child process: native code that crashes must not end
 * this one. The products take milliseconds once the library is loaded, so the answer is not kept between processes.
 */
export async function probePackage(folder: string): Promise<NativeProbe> {
  const finished = await run(folder);
  const { stdout, stderr, signal } = finished;
  const lines = stdout.split("\n").filter((line) => line.startsWith("{"));
  const answer: Answer = Object.assign({}, ...lines.map((line) => JSON.parse(line)));
  const failure = signal === null ? failureIn(stderr) : crashIn(stderr, signal);
  const { tensorflow, gpu } = answer;
  if (tensorflow === undefined || gpu === undefined) return { usable: false, reason: failure };
  const withheld = withheldOf(answer, gpu, failure);
  if (withheld.float32 !== undefined) return { usable: false, reason: withheld.float32 };
  const { name, version } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
  return {
    usable: true,
    tensorflow,
    package: `${name} ${version}`,
    folder,
    device: (gpu ? gpuName(stderr) : cpus()[0]?.model.trim()) ?? "unknown",
    gpu,
    ...(gpu ? {} : { gpuReason: whyNoGpu(stderr, process.env["CUDA_VISIBLE_DEVICES"]) }),
    withheld,
  };
}

/** Reasons for the precisions whose products are wrong or were never answered for. */
function withheldOf(answer: Answer, gpu: boolean, failure: string): Withheld {
  const device = gpu ? "GPU" : "CPU";
  const withheld: Partial<Record<Precision, string>> = {};
  for (const precision of ["float32", "bf16"] as const) {
    const faults = answer[precision];
    if (faults === undefined) {
      withheld[precision] = `TensorFlow cannot multiply in ${precision} on this ${device}: ${failure}`;
    } else if (faults.wrong > 0) {
      const share = `${faults.wrong} of ${faults.of} entries of exact products differ`;
      withheld[precision] =
        `TensorFlow does not sum ${precision} products in float32 on this ${device} (${share})`;
    }
  }
  return withheld;
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

/** The error line in what Node prints. */
function failureIn(stderr: string): string {
  const line = /^(?:\w*Error(?: \[\w+\])?: )(.*)$/m.exec(stderr)?.[1] ?? stderr.trim().split("\n").at(-1);
  return line?.trim() || "it does not load";
}

/** Reason for a crash: with a driver but without a CUDA library, for example, TensorFlow ends the process. */
function crashIn(stderr: string, signal: string): string {
  const missing = missingLibraries(stderr);
  const what = missing.length > 0 ? lacking(missing) : /^\s*what\(\): +([^\n]+)/m.exec(stderr)?.[1];
  return `it dies of ${signal}${what === undefined ? "" : `: ${what}`}`;
}

/** From "Created device … -> device: 0, name: NVIDIA H100 80GB HBM3, pci bus id: …". */
function gpuName(stderr: string): string | undefined {
  return /\bname: ([^,\n]+), pci bus id/.exec(stderr)?.[1];
}

/** One line from TensorFlow's log of its search for a GPU. */
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
