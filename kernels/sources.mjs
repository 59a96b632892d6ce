import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const here = fileURLToPath(new URL(".", import.meta.url));

/** SHA-256 of the kernels and their header, in order of their names: everything that nvcc reads. */
export function sourcesSha256() {
  const hash = createHash("sha256");
  for (const name of readdirSync(here).filter((file) => /\.(cu|h)$/.test(file)).sort()) {
    hash.update(`${name}\n`).update(readFileSync(here + name));
  }
  return hash.digest("hex");
}
