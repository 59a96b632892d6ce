import { spawnSync } from "node:child_process";
import { createRequire } from "node:module";

/**
 * Loads and initialises a driver library in a child process, so that a broken driver cannot end this one.
 * @returns the reason why it cannot be used, or null
 */
export function probeDriver(path: string): string | null {
  const koffi = createRequire(import.meta.url).resolve("koffi");
  const script = `const library = require(${JSON.stringify(koffi)}).load(${JSON.stringify(path)});
    require("node:fs").writeSync(1, String(library.func("int cuInit(uint flags)")(0)));`;
  const { stdout, stderr, signal, error } = spawnSync(process.execPath, ["-e", script], {
    encoding: "utf8",
    timeout: 60_000,
  });
  if (error !== undefined) return `the driver cannot be tried: ${error.message}`;
  if (signal !== null) return `${path} crashes when it is started (${signal})`;
  if (stdout === "0") return null;
  if (stdout !== "") return `${path} does not start: error ${stdout} of cuInit`;
  const reason = /^.*Error: (.*)$/m.exec(stderr)?.[1] ?? "it cannot be loaded";
  return `no NVIDIA driver: ${path}: ${reason}`;
}
