import { readFileSync } from "node:fs";
import { cpus } from "node:os";

/** Instruction sets by which numeric libraries (oneDNN, MLAS, Eigen) choose their kernels, as Linux names them. */
const DISPATCHED_ON =
  /^(sse4_1|avx|avx2|fma|f16c|avx_vnni|avx512(f|bw|vl|_vnni|_bf16|_fp16)|amx_(tile|bf16|int8)|asimd|asimdhp|asimddp|bf16|i8mm|sve2?)$/;

/**
 * Identity of the CPU as far as results of numeric libraries depend on it: name, family and model, and instruction sets. Where the
 * system does not list instruction sets (macOS, Windows), the name alone.
 * @param variables environment variables that restrict a library's instruction sets; those that are set are part of the identity
 */
export function cpuIdentity(variables: readonly string[] = []): string {
  const name = cpus()[0]?.model.trim() || "unknown CPU";
  const restrictions = variables.filter((key) => process.env[key]).map((key) => `${key}=${process.env[key]}`);
  return [name, ...listed(), ...restrictions].join(", ");
}

/** From the first processor of /proc/cpuinfo: family and model on x86, part on ARM, and instruction sets. */
function listed(): string[] {
  let text: string;
  try {
    text = readFileSync("/proc/cpuinfo", "utf8");
  } catch {
    return [];
  }
  const field = (key: string): string | undefined => new RegExp(`^${key}\\s*: (.*)$`, "m").exec(text)?.[1];
  const model = ["cpu family", "model", "CPU part"].flatMap((key) => {
    const value = field(key);
    return value === undefined ? [] : [`${key.replace("cpu ", "")} ${value}`];
  });
  const sets = (field("flags") ?? field("Features") ?? "")
    .split(" ")
    .filter((set) => DISPATCHED_ON.test(set));
  return [model.join(" "), sets.sort().join(" ")].filter((part) => part !== "");
}
