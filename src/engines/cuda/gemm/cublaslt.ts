import { LorafitError } from "../../../errors.ts";
import type { DevicePointer, Handle } from "../driver/driver.ts";
import type { Gpu } from "../driver/gpu.ts";
import { type BufferView, type Gemm, gemmKey, type Matrix } from "../lowering/commands.ts";
import type { CublasLtCall, CublasLtLibrary } from "./cublaslt-binding.ts";

/** Values of cudaDataType, cublasComputeType_t, cublasOperation_t and cublasLtEpilogue_t. */
const R_32F = 0;
const R_16BF = 14;
const COMPUTE_32F = 68;
const OP_T = 1;
const EPILOGUE_BIAS = 4;
/** Values of cublasLtMatmulDescAttributes_t. */
const OPERATION = { transposeA: 3, transposeB: 4, epilogue: 7, biasPointer: 8, biasType: 26 } as const;
/** Values of cublasLtMatmulPreferenceAttributes_t; the last four are for A, B, C and D. */
const PREFERENCE = { workspace: 1, reductions: 3, alignments: [5, 6, 7, 8] } as const;
/** CUBLASLT_REDUCTION_SCHEME_COMPUTE_TYPE: partial sums of split K stay in float32 until they are added. */
const SUMS_IN_FLOAT32 = 2;
/** Alignment of every matrix and row, bytes. The heuristic's default is 256. */
const ALIGNMENT = 16;
/** Layout of cublasLtMatmulHeuristicResult_t: algorithm, size, status, float, four reserved ints. */
const RESULT = { bytes: 96, algorithm: 64, state: 72 } as const;
/** Number of algorithms requested from the heuristic. */
const WANTED = 8;
const SET = "cublasLtMatmulDescSetAttribute";

/** cublasLtMatmulAlgo_t: valid for the same library version on the same GPU. */
export type Algorithm = Buffer;
/** Device address of a view at this moment. */
type ResolvePointer = (view: BufferView) => DevicePointer;

/** Descriptors shared by all GEMMs with one key. */
interface Descriptors {
  readonly operation: Handle;
  readonly a: Handle;
  readonly b: Handle;
  readonly add: Handle;
  readonly c: Handle;
}

/**
 * Workspace of the library, on every GPU. PyTorch uses 32 MiB on Hopper and 4 elsewhere; with 4 MiB the head's input gradient
 * cannot split K.
 */
export const WORKSPACE_BYTES = 32 * 2 ** 20;

/** GEMMs by the cuBLASLt of the machine. */
export class CublasLt {
  readonly library: CublasLtLibrary;
  readonly #gpu: Gpu;
  readonly #handle: Handle;
  readonly #workspace: DevicePointer;
  readonly #descriptors = new Map<string, Descriptors>();

  constructor(gpu: Gpu, { library, handle }: { library: CublasLtLibrary; handle: Handle }) {
    this.#gpu = gpu;
    this.library = library;
    this.#handle = handle;
    this.#workspace = gpu.allocate(WORKSPACE_BYTES);
  }

  /**
   * True if N and K are multiples of eight. The fast algorithms access 16 bytes at a time. The engine pads row strides to
   * that; padding columns must also become zero, which only lorafit's kernel does. M is arbitrary.
   */
  static takes({ c, k }: Gemm): boolean {
    return c.width % 8 === 0 && k % 8 === 0;
  }

  /** Algorithms that the library's heuristic proposes, fastest first by its estimate; empty if it refuses the GEMM. */
  algorithms(gemm: Gemm, resolve: ResolvePointer): Algorithm[] {
    if (!CublasLt.takes(gemm)) return [];
    const { operation, a, b, add, c } = this.#describe(gemm);
    // A library without a float32 bias for bf16 leaves the GEMM to lorafit's kernel.
    if (gemm.bias !== undefined && this.#setBias(operation, resolve(gemm.bias.view)) !== 0) return [];
    const preference = this.#make("cublasLtMatmulPreferenceCreate");
    const prefer = (attribute: number, value: Uint32Array | BigUint64Array): void =>
      this.#call("cublasLtMatmulPreferenceSetAttribute", preference, attribute, value, value.byteLength);
    prefer(PREFERENCE.workspace, BigUint64Array.of(BigInt(WORKSPACE_BYTES)));
    prefer(PREFERENCE.reductions, Uint32Array.of(SUMS_IN_FLOAT32));
    for (const attribute of PREFERENCE.alignments) prefer(attribute, Uint32Array.of(ALIGNMENT));
    const results = Buffer.alloc(WANTED * RESULT.bytes);
    const returned = [0];
    const layouts = [b, a, add, c];
    const args = [this.#handle, operation, ...layouts, preference, WANTED, results, returned];
    const status = this.library.call("cublasLtMatmulAlgoGetHeuristic", ...args);
    this.#call("cublasLtMatmulPreferenceDestroy", preference);
    if (status !== 0) return [];
    return Array.from({ length: returned[0]! }, (_, i) =>
      results.subarray(i * RESULT.bytes, (i + 1) * RESULT.bytes),
    )
      .filter((result) => result.readInt32LE(RESULT.state) === 0)
      .map((result) => result.subarray(0, RESULT.algorithm));
  }

  /** Enqueues the GEMM on the session's stream. */
  multiply(gemm: Gemm, algorithm: Algorithm, resolve: ResolvePointer): void {
    const { operation, a, b, add, c } = this.#describe(gemm);
    const [from, into] = [gemm.add ?? gemm.c, gemm.c].map(({ view }) => resolve(view));
    if (gemm.bias !== undefined) this.#check(this.#setBias(operation, resolve(gemm.bias.view)), SET);
    this.#call(
      "cublasLtMatmul",
      ...[this.#handle, operation, Float32Array.of(1), resolve(gemm.b.view), b, resolve(gemm.a.view), a],
      ...[Float32Array.of(gemm.add === undefined ? 0 : 1), from, add, into, c],
      ...[algorithm, this.#workspace, WORKSPACE_BYTES, this.#gpu.stream],
    );
  }

  /** Destroys descriptors and handle; safe after a kernel's failure. */
  close(): void {
    const { call } = this.library;
    for (const { operation, a, b, add, c } of this.#descriptors.values()) {
      call("cublasLtMatmulDescDestroy", operation);
      for (const layout of new Set([a, b, add, c])) call("cublasLtMatrixLayoutDestroy", layout);
    }
    call("cublasLtDestroy", this.#handle);
  }

  /** The library is column-major, so it sees each matrix transposed and computes Cᵀ = Bᵀ Aᵀ: b comes first, transposed for nt. */
  #describe(gemm: Gemm): Descriptors {
    const key = gemmKey(gemm);
    const known = this.#descriptors.get(key);
    if (known !== undefined) return known;
    const { c, a, b, layout, k, add, bias } = gemm;
    const operation = this.#make("cublasLtMatmulDescCreate", COMPUTE_32F, R_32F);
    if (layout === "nt") this.#check(this.#set(operation, OPERATION.transposeA, Int32Array.of(OP_T)), SET);
    if (bias !== undefined)
      this.#check(this.#set(operation, OPERATION.epilogue, Int32Array.of(EPILOGUE_BIAS)), SET);
    const matrix = ({ ld }: Matrix, rows: number, columns: number): Handle =>
      this.#make("cublasLtMatrixLayoutCreate", R_16BF, rows, columns, ld);
    const into = matrix(c, c.width, c.rows);
    const made = {
      operation,
      a: matrix(a, k, c.rows),
      b: layout === "nt" ? matrix(b, k, c.width) : matrix(b, c.width, k),
      add: add === undefined ? into : matrix(add, c.width, c.rows),
      c: into,
    };
    this.#descriptors.set(key, made);
    return made;
  }

  #setBias(operation: Handle, bias: DevicePointer): number {
    const type = this.#set(operation, OPERATION.biasType, Int32Array.of(R_32F));
    return type || this.#set(operation, OPERATION.biasPointer, BigUint64Array.of(bias));
  }

  #set(operation: Handle, attribute: number, value: Int32Array | BigUint64Array): number {
    return this.library.call(SET, operation, attribute, value, value.byteLength);
  }

  #make(name: CublasLtCall, ...args: unknown[]): Handle {
    const output: unknown[] = [null];
    this.#call(name, output, ...args);
    return BigInt(output[0] as number | bigint);
  }

  #call(name: CublasLtCall, ...args: unknown[]): void {
    this.#check(this.library.call(name, ...args), name);
  }

  #check(status: number, what: string): void {
    if (status === 0) return;
    throw new LorafitError("environment", `${this.library.path}: ${what} ended with status ${status}`, {
      hint: "LORAFIT_CUBLASLT=off leaves all products to lorafit's own kernels",
    });
  }
}
