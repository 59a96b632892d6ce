import { existsSync, readdirSync } from "node:fs";
import { createRequire } from "node:module";
import { homedir } from "node:os";
import { join } from "node:path";
import type { LibraryHandle } from "koffi";
import { LorafitError } from "../../errors.ts";
import type { Device } from "./device.ts";
import type { Handle } from "./driver.ts";

/** What lorafit calls of cublasLt.h; handles and descriptors are pointers, kept as 64-bit integers. */
const SIGNATURES = {
  cublasLtCreate: "int cublasLtCreate(_Out_ uint64_t *handle)",
  cublasLtDestroy: "int cublasLtDestroy(uint64_t handle)",
  cublasLtMatmulDescCreate: "int cublasLtMatmulDescCreate(_Out_ uint64_t *desc, int compute, int scale)",
  cublasLtMatmulDescDestroy: "int cublasLtMatmulDescDestroy(uint64_t desc)",
  cublasLtMatmulDescSetAttribute:
    "int cublasLtMatmulDescSetAttribute(uint64_t desc, int attribute, const void *value, size_t bytes)",
  cublasLtMatrixLayoutCreate:
    "int cublasLtMatrixLayoutCreate(_Out_ uint64_t *layout, int type, uint64_t rows, uint64_t columns, int64_t ld)",
  cublasLtMatrixLayoutDestroy: "int cublasLtMatrixLayoutDestroy(uint64_t layout)",
  cublasLtMatmulPreferenceCreate: "int cublasLtMatmulPreferenceCreate(_Out_ uint64_t *preference)",
  cublasLtMatmulPreferenceDestroy: "int cublasLtMatmulPreferenceDestroy(uint64_t preference)",
  cublasLtMatmulPreferenceSetAttribute:
    "int cublasLtMatmulPreferenceSetAttribute(uint64_t preference, int attribute, const void *value, size_t bytes)",
  cublasLtMatmulAlgoGetHeuristic:
    "int cublasLtMatmulAlgoGetHeuristic(uint64_t handle, uint64_t desc, uint64_t a, uint64_t b, uint64_t c, uint64_t d, uint64_t preference, int wanted, void *results, _Out_ int *returned)",
  cublasLtMatmul:
    "int cublasLtMatmul(uint64_t handle, uint64_t desc, const void *alpha, uint64_t a, uint64_t a_layout, uint64_t b, uint64_t b_layout, const void *beta, uint64_t c, uint64_t c_layout, uint64_t d, uint64_t d_layout, const void *algorithm, uint64_t workspace, size_t workspace_bytes, uint64_t stream)",
} as const;

export type CublasLtCall = keyof typeof SIGNATURES;

/** cuBLASLt as it was found on the machine. It is never shipped: it is larger than 500 MB. */
export interface CublasLtLibrary {
  readonly path: string;
  /** Such as 13.1.0. */
  readonly version: string;
  /** A cublasStatus_t: 0 is success. */
  call(name: CublasLtCall, ...args: unknown[]): number;
}

/** Major versions that lorafit knows, newest first. */
const VERSIONS = [13, 12, 11] as const;

/** The library, started on the device whose context is current. */
export interface OpenLibrary {
  readonly library: CublasLtLibrary;
  readonly handle: Handle;
}

/**
 * The first that starts here, or undefined when none does, or LORAFIT_CUBLASLT is "off". With a driver of one's own
 * (LORAFIT_CUDA_DRIVER) only the one that LORAFIT_CUBLASLT names.
 * @throws environment error when LORAFIT_CUBLASLT names a library that does not
 */
export function openCublasLt(device: Device): OpenLibrary | undefined {
  const named = process.env["LORAFIT_CUBLASLT"];
  if (named === "off") return undefined;
  if (named) return open(named);
  // What is found talks to the real driver, not to the emulator or whatever else stands in its place.
  if (process.env["LORAFIT_CUDA_DRIVER"]) return undefined;
  // A newer library than the driver's CUDA needs a newer driver.
  for (const path of candidates(Number.parseInt(device.driver, 10))) {
    try {
      return open(path);
    } catch {
      // The next one; without any the products are ours.
    }
  }
  return undefined;
}

/** What `openCublasLt` would open, without keeping it open. */
export function findCublasLt(device: Device): CublasLtLibrary | undefined {
  const found = openCublasLt(device);
  found?.library.call("cublasLtDestroy", found.handle);
  return found?.library;
}

interface Surroundings {
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly platform: NodeJS.Platform;
  readonly home: string;
}

/**
 * Files of versions up to `newest` that are there, in order: the Python environment that is active (where PyTorch brings its own along), the user's and the
 * system's Python packages, the CUDA toolkit; then bare names, which the system looks up itself (ldconfig, LD_LIBRARY_PATH, PATH).
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
  const active = [VIRTUAL_ENV, CONDA_PREFIX].filter(
    (folder) => folder !== undefined && folder !== "",
  ) as string[];
  const folders = onWindows
    ? [
        ...active.flatMap((root) => ofPackages(join(root, "Lib", "site-packages"), "bin")),
        ...active.map((root) => join(root, "Library", "bin")),
        ...(CUDA_PATH ? [join(CUDA_PATH, "bin", "x64"), join(CUDA_PATH, "bin")] : []),
      ]
    : [
        ...[...active, join(home, ".local"), "/usr/local", "/usr"].flatMap((root) =>
          children(join(root, "lib"), /^python3/).flatMap((lib) =>
            ["site-packages", "dist-packages"].flatMap((name) => ofPackages(join(lib, name), "lib")),
          ),
        ),
        ...active.map((root) => join(root, "lib")),
        ...children("/usr/local", /^cuda/).map((root) => join(root, "lib64")),
      ];
  const files = folders.flatMap((folder) => names.map((name) => join(folder, name)));
  return [...files.filter((file) => existsSync(file)), ...names];
}

/** Where NVIDIA's Python packages put it: nvidia-cublas from 13 on, nvidia-cublas-cu12 and -cu11. */
const ofPackages = (packages: string, folder: string): string[] => [
  join(packages, "nvidia", "cu13", folder),
  ...(folder === "bin" ? [join(packages, "nvidia", "cu13", folder, "x86_64")] : []),
  join(packages, "nvidia", "cublas", folder),
];

/** Folders of such a name, newest first. */
function children(folder: string, name: RegExp): string[] {
  if (!existsSync(folder)) return [];
  const found = readdirSync(folder).filter((each) => name.test(each));
  const newestFirst = (a: string, b: string): number => b.localeCompare(a, "en", { numeric: true });
  return found.toSorted(newestFirst).map((each) => join(folder, each));
}

/** @throws environment error */
function open(path: string): OpenLibrary {
  const refusal = (why: string, cause?: unknown): LorafitError =>
    new LorafitError("environment", `cuBLASLt: ${path} ${why}`, {
      hint: "LORAFIT_CUBLASLT names a file such as libcublasLt.so.13, or says off; without it lorafit looks for one",
      cause,
    });
  let library: CublasLtLibrary;
  try {
    library = loadCublasLt(path);
  } catch (cause) {
    throw refusal(`cannot be loaded: ${(cause as Error).message}`, cause);
  }
  const place: unknown[] = [null];
  const status = library.call("cublasLtCreate", place);
  if (status !== 0) throw refusal(`does not start on this GPU and driver: status ${status}`);
  return { library, handle: BigInt(place[0] as number | bigint) };
}

/** @throws whatever is wrong with the file */
export function loadCublasLt(path: string): CublasLtLibrary {
  const koffi = createRequire(import.meta.url)("koffi") as typeof import("koffi");
  const library = koffi.load(path);
  const version = Number(library.func("size_t cublasLtGetVersion()")());
  const functions = functionsOf(library);
  return { path, version: versionText(version), call: (name, ...args) => functions[name](...args) };
}

function functionsOf(library: LibraryHandle): Record<CublasLtCall, (...args: unknown[]) => number> {
  const bound = Object.entries(SIGNATURES).map(([name, signature]) => [name, library.func(signature)]);
  return Object.fromEntries(bound);
}

/** 131000 -> 13.10.0 */
const versionText = (version: number): string =>
  [Math.floor(version / 10_000), Math.floor(version / 100) % 100, version % 100].join(".");
