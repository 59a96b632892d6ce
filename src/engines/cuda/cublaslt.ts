import { LorafitError } from "../../errors.ts";
import { type BufferView, type Gemm, gemmKey, type Matrix } from "./commands.ts";
import type { CublasLtCall, CublasLtLibrary } from "./cublaslt-library.ts";
import type { Device } from "./device.ts";
import type { DevicePointer, Handle } from "./driver.ts";
import type { Gpu } from "./gpu.ts";

/** Numbers of cudaDataType, cublasComputeType_t, cublasOperation_t and cublasLtEpilogue_t. */
const R_32F = 0;
const R_16BF = 14;
const COMPUTE_32F = 68;
const OP_T = 1;
const EPILOGUE_BIAS = 4;
/** Of cublasLtMatmulDescAttributes_t. */
const OPERATION = { transposeA: 3, transposeB: 4, epilogue: 7, biasPointer: 8, biasType: 26 } as const;
/** Of cublasLtMatmulPreferenceAttributes_t; the last four are for A, B, C and D. */
const PREFERENCE = { workspace: 1, reductions: 3, alignments: [5, 6, 7, 8] } as const;
/** CUBLASLT_REDUCTION_SCHEME_COMPUTE_TYPE: parts of a sum that is split stay float32 until they are added. */
const SUMS_IN_FLOAT32 = 2;
/** Of every matrix and row of the engine; the heuristic takes 256 bytes for granted. */
const ALIGNMENT = 16;
/** cublasLtMatmulHeuristicResult_t: the algorithm, a size, the status, a float and four reserved ints. */
const RESULT = { bytes: 96, algorithm: 64, state: 72 } as const;
/** How many of its algorithms are asked for. */
const WANTED = 8;
const SET = "cublasLtMatmulDescSetAttribute";

/** cublasLtMatmulAlgo_t: means the same again to the same version on the same GPU. */
export type Algorithm = Buffer;
/** Where it lies now. */
type ResolvePointer = (address: BufferView) => DevicePointer;

/** Of all products of one shape. */
interface Descriptors {
  readonly operation: Handle;
  readonly a: Handle;
  readonly b: Handle;
  readonly add: Handle;
  readonly c: Handle;
}

/** Of the workspace: what PyTorch found that Hopper's algorithms need to be fast, and the other GPUs'. */
export const workspaceBytes = ({ capability }: Device): number => (capability[0] === 9 ? 32 : 4) * 2 ** 20;

/** NVIDIA's own matrix products, by the library that is on the machine. */
export class CublasLt {
  readonly library: CublasLtLibrary;
  readonly #gpu: Gpu;
  readonly #handle: Handle;
  readonly #workspace: DevicePointer;
  readonly #workspaceBytes: number;
  readonly #descriptors = new Map<string, Descriptors>();

  constructor(gpu: Gpu, { library, handle }: { library: CublasLtLibrary; handle: Handle }) {
    this.#gpu = gpu;
    this.library = library;
    this.#handle = handle;
    this.#workspaceBytes = workspaceBytes(gpu.device);
    this.#workspace = gpu.allocate(this.#workspaceBytes);
  }

  /**
   * Fast paths, and the fastest of them all, read and write 16 bytes at a time: rows must begin at such a place, so distances and
   * widths have to be multiples of eight. The engine sees to the distances; where a width is none, its padding has to become zero
   * as well, which our own kernel does. How many rows there are makes no difference.
   */
  static takes({ c, k }: Gemm): boolean {
    return c.width % 8 === 0 && k % 8 === 0;
  }

  /** What the library would do the product by, fastest first in its opinion; none where it does not offer it. */
  algorithms(gemm: Gemm, resolve: ResolvePointer): Algorithm[] {
    if (!CublasLt.takes(gemm)) return [];
    const { operation, a, b, add, c } = this.#describe(gemm);
    // An older library that knows no float32 bias, or one that does not have it for bf16, leaves the product to us.
    if (gemm.bias !== undefined && this.#setBias(operation, resolve(gemm.bias.view)) !== 0) return [];
    const preference = this.#make("cublasLtMatmulPreferenceCreate");
    const prefer = (attribute: number, value: Uint32Array | BigUint64Array): void =>
      this.#call("cublasLtMatmulPreferenceSetAttribute", preference, attribute, value, value.byteLength);
    prefer(PREFERENCE.workspace, BigUint64Array.of(BigInt(this.#workspaceBytes)));
    prefer(PREFERENCE.reductions, Uint32Array.of(SUMS_IN_FLOAT32));
    for (const attribute of PREFERENCE.alignments) prefer(attribute, Uint32Array.of(ALIGNMENT));
    const results = Buffer.alloc(WANTED * RESULT.bytes);
    const returned = [0];
    const layouts = [b, a, add, c];
    const found = [this.#handle, operation, ...layouts, preference, WANTED, results, returned];
    const status = this.library.call("cublasLtMatmulAlgoGetHeuristic", ...found);
    this.#call("cublasLtMatmulPreferenceDestroy", preference);
    if (status !== 0) return [];
    return Array.from({ length: returned[0]! }, (_, i) =>
      results.subarray(i * RESULT.bytes, (i + 1) * RESULT.bytes),
    )
      .filter((result) => result.readInt32LE(RESULT.state) === 0)
      .map((result) => result.subarray(0, RESULT.algorithm));
  }

  /** Puts the product on the stream. */
  multiply(gemm: Gemm, algorithm: Algorithm, resolve: ResolvePointer): void {
    const { operation, a, b, add, c } = this.#describe(gemm);
    const [from, into] = [gemm.add ?? gemm.c, gemm.c].map(({ view }) => resolve(view));
    if (gemm.bias !== undefined) this.#check(this.#setBias(operation, resolve(gemm.bias.view)), SET);
    this.#call(
      "cublasLtMatmul",
      ...[this.#handle, operation, Float32Array.of(1), resolve(gemm.b.view), b, resolve(gemm.a.view), a],
      ...[Float32Array.of(gemm.add === undefined ? 0 : 1), from, add, into, c],
      ...[algorithm, this.#workspace, this.#workspaceBytes, this.#gpu.stream],
    );
  }

  /** Whatever state the device is in. */
  close(): void {
    const { call } = this.library;
    for (const { operation, a, b, add, c } of this.#descriptors.values()) {
      call("cublasLtMatmulDescDestroy", operation);
      for (const layout of new Set([a, b, add, c])) call("cublasLtMatrixLayoutDestroy", layout);
    }
    call("cublasLtDestroy", this.#handle);
  }

  /**
   * The library counts column by column, so each of our matrices is its own transpose there, and Cᵀ = Bᵀ Aᵀ: b comes first, and
   * is turned for nt.
   */
  #describe(gemm: Gemm): Descriptors {
    const name = gemmKey(gemm);
    const known = this.#descriptors.get(name);
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
    this.#descriptors.set(name, made);
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
    const place: unknown[] = [null];
    this.#call(name, place, ...args);
    return BigInt(place[0] as number | bigint);
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
