import type { Gpu } from "../../../src/engines/cuda/driver/gpu.ts";
import { launch } from "../../../src/engines/cuda/driver/launch.ts";
import type { LaunchContext } from "../../../src/engines/cuda/gemm/autotuner.ts";
import { TILES } from "../../../src/engines/cuda/gemm/kernel.ts";
import type { BufferView, Gemm, Matrix as Placed } from "../../../src/engines/cuda/lowering/commands.ts";
import { addProduct, addProductT } from "../../../src/engines/reference/tensor.ts";
import type { Emulator } from "./emulator.ts";
import { type DeviceMatrix, matrix, vector } from "./matrix.ts";

interface Extras {
  readonly add?: boolean;
  readonly bias?: boolean;
  /** Values by element index; standard normal by default. */
  readonly drawA?: (i: number) => number;
  readonly drawB?: (i: number) => number;
}

/** A GEMM of random matrices, each a slice of a wider one, with its exact result. */
export function randomGemm(
  emulator: Emulator,
  [M, N, K]: readonly [number, number, number],
  layout: "nt" | "nn",
  { add = false, bias = false, drawA, drawB }: Extras = {},
) {
  const pointers = new Map<BufferView["buffer"], bigint>();
  const address = (pointer: bigint): BufferView => {
    const here: BufferView = { buffer: { bytes: 0, storage: { kind: "arena" } }, offset: 0 };
    pointers.set(here.buffer, pointer);
    return here;
  };
  const placed = ({ pointer, rows, width, ld }: DeviceMatrix): Placed => ({
    view: address(pointer),
    rows,
    width,
    ld,
  });
  const a = matrix(emulator, M, K, drawA);
  const b = layout === "nn" ? matrix(emulator, K, N, drawB) : matrix(emulator, N, K, drawB);
  const addend = add ? matrix(emulator, M, N) : undefined;
  const biases = bias ? vector(emulator, N) : undefined;
  const expected = new Float64Array(M * N);
  (layout === "nn" ? addProduct : addProductT)(expected, a.values.data, b.values.data, M, N, K);
  for (let n = 0; n < expected.length; n++)
    expected[n]! += (addend?.values.data[n] ?? 0) + (biases?.values.data[n % N] ?? 0);
  const into = (c: DeviceMatrix): Gemm => ({
    ...{ c: placed(c), a: placed(a), b: placed(b), layout, k: K },
    add: addend === undefined ? undefined : placed(addend),
    bias: biases === undefined ? undefined : { view: address(biases.pointer), length: N },
  });
  const resolve = ({ buffer: of, offset }: BufferView): bigint => pointers.get(of)! + BigInt(offset);
  return { into, expected, resolve };
}

/** Launches kernels as an executable does. */
export const launchContext = (gpu: Gpu, resolve: LaunchContext["resolve"]): LaunchContext => ({
  resolve,
  call: ({ kernel, grid, threads, sharedBytes, args }) =>
    launch(gpu.driver, gpu.stream, {
      ...{ kernel: gpu.kernel(kernel, sharedBytes), grid, threads, sharedBytes },
      args: args.map((field) => {
        if (!("view" in field)) return field;
        return { pointer: field.view === null ? 0n : resolve(field.view) };
      }),
    }),
});

/** Sets durations on the emulated device's clock: lorafit's kernel in every tile, and each algorithm of cuBLASLt. */
export function setCosts(
  emulator: Emulator,
  tiles: number,
  algorithms: readonly [number, number, number],
): void {
  const cost = emulator.driver.emulator("void emuCost(const char *kernel, double ms)")!;
  for (const [rows, cols] of TILES)
    for (const layout of ["nt", "nn"]) cost(`gemm_${layout}_${rows}x${cols}`, tiles);
  for (const [i, ms] of algorithms.entries()) cost(`cublasLt algorithm ${i}`, ms);
}
