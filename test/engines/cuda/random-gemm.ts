import type { BufferView, Gemm, Matrix as Placed } from "../../../src/engines/cuda/commands.ts";
import type { LaunchContext } from "../../../src/engines/cuda/gemm-autotuner.ts";
import { TILES } from "../../../src/engines/cuda/gemm-kernel.ts";
import type { Gpu } from "../../../src/engines/cuda/gpu.ts";
import { launch } from "../../../src/engines/cuda/launch.ts";
import { addProduct, addProductT } from "../../../src/engines/reference/tensor.ts";
import type { Emulator } from "./emulator.ts";
import { type DeviceMatrix, matrix, vector } from "./matrix.ts";

interface Extras {
  readonly add?: boolean;
  readonly bias?: boolean;
  /** Numbers by their place; standard normal otherwise. */
  readonly drawA?: (i: number) => number;
  readonly drawB?: (i: number) => number;
}

/** A product of fresh random matrices, each a slice of a wider one, and what it should be. */
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

/** As an executable calls kernels. */
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

/** What kernels take on the emulated device's clock: ours in every tile, and each of cuBLASLt's algorithms. */
export function setCosts(emulator: Emulator, ours: number, theirs: readonly [number, number, number]): void {
  const cost = emulator.driver.emulator("void emuCost(const char *kernel, double ms)")!;
  for (const [rows, cols] of TILES)
    for (const layout of ["nt", "nn"]) cost(`gemm_${layout}_${rows}x${cols}`, ours);
  for (const [i, ms] of theirs.entries()) cost(`cublasLt algorithm ${i}`, ms);
}
