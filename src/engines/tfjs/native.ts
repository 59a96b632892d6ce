import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { LorafitError } from "../../errors.ts";
import type { Tf } from "./node-binding.ts";
import { candidates } from "./packages.ts";
import { type NativeProbe, nativeEnvironment, probePackage, requireTf } from "./probe.ts";

let probed: Promise<NativeProbe> | undefined;
let loaded: { readonly tf: Tf; readonly threads: number } | undefined;

/** Finds the native TensorFlow that works here and its device, or the reason why none does. Runs once per process. */
export function probeNativeTf(): Promise<NativeProbe> {
  probed ??= probeFirst();
  return probed;
}

/** Library, device and its driver, for which the result of a trial holds. */
export async function nativeIdentity(): Promise<string> {
  const probe = await probeNativeTf();
  if (!probe.usable) return "none";
  let driver = "";
  try {
    driver = /^NVRM version: (.*)$/m.exec(readFileSync("/proc/driver/nvidia/version", "utf8"))?.[1] ?? "";
  } catch {}
  return `TensorFlow ${probe.tensorflow}, ${probe.package}, ${probe.device}, ${driver || "unknown driver"}`;
}

/** Probes the candidates: the first package that works on a GPU, else the first that works. */
async function probeFirst(): Promise<NativeProbe> {
  const failures: string[] = [];
  let first: NativeProbe | undefined;
  for (const folder of candidates()) {
    const probe = await probePackage(folder);
    if (!probe.usable) failures.push(`${folder}: ${probe.reason}`);
    else if (probe.gpu) return probe;
    else first ??= probe;
  }
  if (first !== undefined) return first;
  const what = failures.length === 0 ? "TensorFlow is not set up" : failures.join("; ");
  return { usable: false, reason: `${what}: run \`lorafit setup tfjs\`` };
}

/**
 * Loads the native TensorFlow with its backend "tensorflow", once per process, on the device and with the threads of the first call:
 * TensorFlow reads both from the environment when it is loaded.
 * @param options.threads threads of one operation; 0: all cores
 * @throws environment error if none works here, or if it is already loaded with another number of threads
 */
export async function loadNativeTf({ threads = 0 }: { readonly threads?: number } = {}): Promise<Tf> {
  const probe = await probeNativeTf();
  if (!probe.usable) throw new LorafitError("environment", `tfjs: ${probe.reason}`);
  if (loaded === undefined) {
    Object.assign(process.env, nativeEnvironment(threads));
    const tf = requireTf(createRequire(import.meta.url), probe.folder) as Tf;
    await tf.setBackend("tensorflow");
    loaded = { tf, threads };
  }
  if (loaded.threads !== threads) {
    throw new LorafitError(
      "environment",
      `tfjs: TensorFlow is loaded with threads: ${loaded.threads || "all"}, and cannot change to ${threads || "all"}`,
      { hint: "another number of threads needs another process" },
    );
  }
  return loaded.tf;
}
