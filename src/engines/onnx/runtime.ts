import { createRequire } from "node:module";

export type Runtime = typeof import("onnxruntime-node");

/** onnxruntime, loaded on first use, so that everything else works without the native library. */
export async function loadRuntime(): Promise<Runtime> {
  const { default: runtime } = await import("onnxruntime-node");
  return runtime;
}

export function runtimeVersion(): string {
  const require = createRequire(import.meta.url);
  return (require("onnxruntime-node/package.json") as { version: string }).version;
}
