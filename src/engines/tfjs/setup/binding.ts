import { existsSync, mkdirSync, readdirSync, realpathSync, renameSync, rmSync } from "node:fs";
import { join, relative } from "node:path";
import { setupFolder, setupPackage } from "../packages.ts";
import { command } from "./command.ts";
import { partialFolder } from "./folder.ts";
import { headersFolder } from "./npm.ts";

const LIBRARIES = ["libtensorflow_cc.so.2", "libtensorflow_framework.so.2"];

/** True for a folder `tensorflow` of a wheel, unpacked or installed, that has the library and its C headers. */
export function isTensorflow(folder: string): boolean {
  return [...LIBRARIES, "include/tensorflow/c/c_api.h"].every((name) => existsSync(join(folder, name)));
}

/** CXX with its flags, else g++. */
function compiler(): [string, ...string[]] {
  return (process.env["CXX"]?.trim() || "g++").split(/\s+/) as [string, ...string[]];
}

/** Output of the compiler's `--version`. @throws environment error without a compiler */
export async function compilerVersion(signal: AbortSignal): Promise<string> {
  const [cxx, ...flags] = compiler();
  return command(cxx, [...flags, "--version"], { cwd: setupFolder(), signal });
}

/**
 * NVIDIA library that the binding links explicitly. TensorFlow 2.21 opens it from libtensorflow_framework, whose run path lacks its
 * folder (only libtensorflow_cc has it), and registers no GPU without it. Once loaded with the binding, it is found by name.
 */
function unreachableByTensorflow(library: string): { readonly folder: string; readonly name: string } | null {
  const folder = join(library, "..", "nvidia", "cusolver", "lib");
  const name = existsSync(folder) && readdirSync(folder).find((file) => /^libcusolver\.so\.\d+$/.test(file));
  return name ? { folder, name } : null;
}

/**
 * Compiles the package's binding against this library with one call of the compiler. Nothing is downloaded: N-API 8 works on every
 * supported Node, and the C API of TensorFlow that the binding uses has not changed. The run path is the library's real path
 * relative to the binding, because NVIDIA's libraries are not found through a symbolic link.
 */
export async function buildBinding(tensorflow: string, signal: AbortSignal): Promise<void> {
  const sources = join(setupPackage(), "binding");
  const folder = join(setupPackage(), "lib", "napi-v8");
  mkdirSync(folder, { recursive: true });
  const library = realpathSync(tensorflow);
  const binding = join(folder, "tfjs_binding.node");
  const partial = partialFolder(join(setupFolder(), "binding"));
  const compiled = join(partial, "tfjs_binding.node");
  const cusolver = unreachableByTensorflow(library);
  const libraryPath = (place: string): string =>
    `-Wl,-rpath,$ORIGIN/${relative(realpathSync(folder), place)}`;
  const [cxx, ...flags] = compiler();
  try {
    await command(
      cxx,
      [
        ...flags,
        ...["-std=gnu++17", "-O2", "-s", "-fPIC", "-shared"],
        ...["-DNAPI_VERSION=8", "-DNODE_GYP_MODULE_NAME=tfjs_binding"],
        ...["-I", headersFolder(), "-I", join(library, "include")],
        ...[join(sources, "tfjs_backend.cc"), join(sources, "tfjs_binding.cc"), "-o", compiled],
        ...["-L", library, ...LIBRARIES.map((name) => `-l:${name}`)],
        libraryPath(library),
        ...(cusolver === null
          ? []
          : [
              ...["-L", cusolver.folder, "-Wl,--no-as-needed", `-l:${cusolver.name}`],
              libraryPath(cusolver.folder),
            ]),
      ],
      { cwd: setupFolder(), signal },
    );
    renameSync(compiled, binding);
  } finally {
    rmSync(partial, { recursive: true, force: true });
  }
}
