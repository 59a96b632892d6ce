import { existsSync, readdirSync, realpathSync } from "node:fs";
import { homedir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { LorafitError } from "../../../errors.ts";
import type { Device } from "../driver/device.ts";
import { driverLibrary, type Handle } from "../driver/driver.ts";
import { type CublasLtLibrary, loadCublasLt } from "./cublaslt-binding.ts";

/** Supported major versions, newest first. */
const VERSIONS = [13, 12, 11] as const;

/** Result of the search by driver, its CUDA version and LORAFIT_CUBLASLT: loading a library takes up to a second. */
const found = new Map<string, CublasLtLibrary | undefined>();

/**
 * The first library that starts on the device whose context is current, searched for once per process. Undefined when none
 * starts or LORAFIT_CUBLASLT is "off". With LORAFIT_CUDA_DRIVER only the library named by LORAFIT_CUBLASLT is used.
 * @throws environment error when LORAFIT_CUBLASLT names a library that does not start
 */
export function findCublasLt(device: Device): CublasLtLibrary | undefined {
  const named = process.env["LORAFIT_CUBLASLT"];
  if (named === "off") return undefined;
  const key = JSON.stringify([driverLibrary(), device.driver, named]);
  if (!found.has(key)) found.set(key, named ? startable(named) : search(device));
  return found.get(key);
}

/** A library with a handle on the device whose context is current. */
export interface OpenLibrary {
  readonly library: CublasLtLibrary;
  readonly handle: Handle;
}

/**
 * The library of `findCublasLt` with a new handle, or undefined.
 * @throws environment error like `findCublasLt`
 */
export function openCublasLt(device: Device): OpenLibrary | undefined {
  const library = findCublasLt(device);
  return library === undefined ? undefined : { library, handle: createHandle(library) };
}

function search(device: Device): CublasLtLibrary | undefined {
  // A library found on the system calls the real driver, not the one that LORAFIT_CUDA_DRIVER names.
  if (process.env["LORAFIT_CUDA_DRIVER"]) return undefined;
  // A library newer than the driver's CUDA needs a newer driver.
  for (const path of candidates(Number.parseInt(device.driver, 10))) {
    try {
      return startable(path);
    } catch {
      // Continue with the next candidate. Without any, lorafit's kernels do all GEMMs.
    }
  }
  return undefined;
}

export interface Surroundings {
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly platform: NodeJS.Platform;
  readonly home: string;
}

/**
 * Existing files of versions up to `newest`, in search order: the active Python environment, the Python on PATH, the user's and
 * the system's Python packages, the CUDA toolkit; then bare names, which the loader resolves (ldconfig, LD_LIBRARY_PATH, PATH).
 */
export function candidates(
  newest: number,
  { environment, platform, home }: Surroundings = {
    environment: process.env,
    platform: process.platform,
    home: homedir(),
  },
): string[] {
  const onWindows = platform === "win32";
  const names = VERSIONS.filter((version) => version <= newest).map((version) =>
    onWindows ? `cublasLt64_${version}.dll` : `libcublasLt.so.${version}`,
  );
  const { VIRTUAL_ENV, CONDA_PREFIX, CUDA_PATH } = environment;
  const environments = [VIRTUAL_ENV, CONDA_PREFIX].filter(
    (root) => root !== undefined && root !== "",
  ) as string[];
  const pythons = pythonPrefixes(environment["PATH"] ?? "", onWindows);
  const folders = onWindows
    ? [
        ...[...environments, ...pythons].flatMap((root) =>
          packageFolders(join(root, "Lib", "site-packages"), "bin"),
        ),
        ...environments.map((root) => join(root, "Library", "bin")),
        ...(CUDA_PATH ? [join(CUDA_PATH, "bin", "x64"), join(CUDA_PATH, "bin")] : []),
      ]
    : [
        ...[...environments, ...pythons, join(home, ".local"), "/usr/local", "/usr"].flatMap((root) =>
          children(join(root, "lib"), /^python3/).flatMap((lib) =>
            ["site-packages", "dist-packages"].flatMap((name) => packageFolders(join(lib, name), "lib")),
          ),
        ),
        ...environments.map((root) => join(root, "lib")),
        ...children("/usr/local", /^cuda/).map((root) => join(root, "lib64")),
      ];
  const files = [...new Set(folders)].flatMap((folder) => names.map((name) => join(folder, name)));
  return [...files.filter((file) => existsSync(file)), ...names];
}

/**
 * Installation prefixes of the first Python on PATH: of the executable that is found, which is a link in a virtual
 * environment that was not activated, and of the file that the link resolves to.
 */
function pythonPrefixes(path: string, onWindows: boolean): string[] {
  const names = onWindows ? ["python.exe"] : ["python3", "python"];
  for (const folder of path.split(onWindows ? ";" : delimiter).filter(Boolean)) {
    const executable = names.map((name) => join(folder, name)).find((file) => existsSync(file));
    if (executable === undefined) continue;
    // Windows: PREFIX\python.exe; elsewhere PREFIX/bin/python3.
    const prefix = (file: string): string => (onWindows ? dirname(file) : dirname(dirname(file)));
    return [prefix(executable), prefix(realpathSync(executable))];
  }
  return [];
}

/** Library folders of NVIDIA's Python packages: nvidia-cublas from 13 on, nvidia-cublas-cu12 and -cu11. */
const packageFolders = (packages: string, folder: string): string[] => [
  join(packages, "nvidia", "cu13", folder),
  ...(folder === "bin" ? [join(packages, "nvidia", "cu13", folder, "x86_64")] : []),
  join(packages, "nvidia", "cublas", folder),
];

/** Subfolders whose name matches, newest version first. */
function children(folder: string, name: RegExp): string[] {
  if (!existsSync(folder)) return [];
  const matching = readdirSync(folder).filter((each) => name.test(each));
  const newestFirst = (a: string, b: string): number => b.localeCompare(a, "en", { numeric: true });
  return matching.toSorted(newestFirst).map((each) => join(folder, each));
}

/** @throws environment error when the library cannot be loaded or does not start */
function startable(path: string): CublasLtLibrary {
  let library: CublasLtLibrary;
  try {
    library = loadCublasLt(path);
  } catch (cause) {
    throw refusal(path, `cannot be loaded: ${(cause as Error).message}`, cause);
  }
  library.call("cublasLtDestroy", createHandle(library));
  return library;
}

function createHandle(library: CublasLtLibrary): Handle {
  const handle: unknown[] = [null];
  const status = library.call("cublasLtCreate", handle);
  if (status !== 0) throw refusal(library.path, `does not start on this GPU and driver: status ${status}`);
  return BigInt(handle[0] as number | bigint);
}

const refusal = (path: string, why: string, cause?: unknown): LorafitError =>
  new LorafitError("environment", `cuBLASLt: ${path} ${why}`, {
    hint: "LORAFIT_CUBLASLT names a file such as libcublasLt.so.13, or is off; without it lorafit searches",
    cause,
  });
