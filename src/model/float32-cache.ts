import { existsSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { LorafitError } from "../errors.ts";
import { makeFolder, writePieces, writing } from "../formats/files.ts";
import { openSafetensors, safetensorsHeader } from "../formats/safetensors.ts";
import type { Float32File, TensorInfo } from "./weights.ts";

/**
 * Float32 copy of a base in another storage type, as a safetensors file named by the base's hash. It is written tensor by
 * tensor under a temporary name, so that it is complete or absent.
 */
export function float32Cache(
  source: { readonly sha256: string; list(): readonly TensorInfo[]; read(name: string): Float32Array },
  cacheDir: string,
): Float32File {
  const folder = join(cacheDir, "float32");
  const path = join(folder, `${source.sha256}.safetensors`);
  if (!isWhole(path, source.sha256)) write(source, folder, path);
  return { path, tensors: openSafetensors(path).tensors };
}

/** False for a truncated or foreign file, which is then written again. */
function isWhole(path: string, sha256: string): boolean {
  if (!existsSync(path)) return false;
  try {
    return openSafetensors(path).metadata["lorafit.base_sha256"] === sha256;
  } catch (error) {
    if (LorafitError.is(error)) return false;
    throw error;
  }
}

function write(source: Parameters<typeof float32Cache>[0], folder: string, path: string): void {
  const entries = source.list().map(({ name, shape }) => ({
    name,
    dtype: "F32",
    shape,
    length: 4 * shape.reduce((product, d) => product * d, 1),
  }));
  const temporary = `${path}.${process.pid}.tmp`;
  function* pieces(): Generator<ArrayBufferView> {
    yield safetensorsHeader(entries, { "lorafit.base_sha256": source.sha256 }).bytes;
    for (const { name } of entries) yield source.read(name);
  }
  const copy = (): void => {
    makeFolder(folder);
    writePieces(temporary, pieces());
    renameSync(temporary, path);
  };
  try {
    writing(path, copy, "free some space, or set LORAFIT_HOME to a folder that can be written");
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
}
