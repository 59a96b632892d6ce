import { createRequire } from "node:module";
import type { LibraryHandle } from "koffi";

/** The calls of cublasLt.h that lorafit uses. Handles and descriptors are pointers, kept as 64-bit integers. */
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

/** A loaded cuBLASLt. lorafit does not ship the library, which is larger than 500 MB. */
export interface CublasLtLibrary {
  readonly path: string;
  /** Such as 13.1.0. */
  readonly version: string;
  /** @returns cublasStatus_t: 0 is success */
  call(name: CublasLtCall, ...args: unknown[]): number;
}

/** @throws the loader's error when the file is not a cuBLASLt */
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
