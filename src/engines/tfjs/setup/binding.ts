import { existsSync, mkdirSync, readdirSync, realpathSync, renameSync, rmSync } from "node:fs";
import { join, relative } from "node:path";
import { setupFolder, setupPackage } from "../packages.ts";
import { command } from "./command.ts";
import { partialFolder } from "./folder.ts";
import { headersFolder } from "./npm.ts";

const LIBRARIES = ["libtensorflow_cc.so.2", "libtensorflow_framework.so.2"];

/** Whether this is a folder `tensorflow` of a wheel, unpacked or installed, with the library and its C headers. */
export function isTensorflow(folder: string): boolean {
  return [...LIBRARIES, "include/tensorflow/c/c_api.h"].every((name) => existsSync(join(folder, name)));
}

/** CXX, else g++; with the flags that CXX may carry. */
function compiler(): [string, ...string[]] {
  return (process.env["CXX"]?.trim() || "g++").split(/\s+/) as [string, ...string[]];
}

/** What the compiler says of its version. @throws environment error when there is none */
export async function compilerVersion(signal: AbortSignal): Promise<string> {
  const [cxx, ...flags] = compiler();
  return command(cxx, [...flags, "--version"], { cwd: setupFolder(), signal });
}

/**
 * TensorFlow 2.21 looks for this one of NVIDIA's libraries from a file that has no path to it (libtensorflow_framework;
 * the path is in libtensorflow_cc), and without it registers no GPU. Loaded with the binding, it is found by its name.
 */
function unreachableByTensorflow(library: string): { readonly folder: string; readonly name: string } | null {
  const folder = join(library, "..", "nvidia", "cusolver", "lib");
  const name = existsSync(folder) && readdirSync(folder).find((file) => /^libcusolver\.so\.\d+$/.test(file));
  return name ? { folder, name } : null;
}

/**
 * Compiles the package's own binding against this library, in one call of the compiler and nothing downloaded: N-API 8
 * serves every Node, and the C API of TensorFlow that it uses has not changed. The library is found again by its real
 * place, relative to the binding: through a link it would not find NVIDIA's beside it.
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
