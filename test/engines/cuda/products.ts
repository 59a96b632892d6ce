import type { Address, Matrix as Placed, Product } from "../../../src/engines/cuda/commands.ts";
import { TILES } from "../../../src/engines/cuda/gemm.ts";
import type { Gpu } from "../../../src/engines/cuda/gpu.ts";
import { launch } from "../../../src/engines/cuda/launch.ts";
import type { Caller } from "../../../src/engines/cuda/products.ts";
import { addProduct, addProductT } from "../../../src/engines/reference/tensor.ts";
import type { Emulator } from "./emulator.ts";
import { matrix, type Room, vector } from "./matrix.ts";

interface Extras {
  readonly add?: boolean;
  readonly bias?: boolean;
  /** Numbers by their place; standard normal otherwise. */
  readonly drawA?: (i: number) => number;
  readonly drawB?: (i: number) => number;
}

/** A product of fresh random matrices, each a slice of a wider one, and what it should be. */
export function productOf(
  emulator: Emulator,
  [M, N, K]: readonly [number, number, number],
  layout: "nt" | "nn",
  { add = false, bias = false, drawA, drawB }: Extras = {},
) {
  const pointers = new Map<Address["room"], bigint>();
  const address = (pointer: bigint): Address => {
    const here: Address = { room: { bytes: 0, place: { kind: "arena" } }, offset: 0 };
    pointers.set(here.room, pointer);
    return here;
  };
  const placed = ({ pointer, rows, width, ld }: Room): Placed => ({ at: address(pointer), rows, width, ld });
  const a = matrix(emulator, M, K, drawA);
  const b = layout === "nn" ? matrix(emulator, K, N, drawB) : matrix(emulator, N, K, drawB);
  const addend = add ? matrix(emulator, M, N) : undefined;
  const biases = bias ? vector(emulator, N) : undefined;
  const expected = new Float64Array(M * N);
  (layout === "nn" ? addProduct : addProductT)(expected, a.values.data, b.values.data, M, N, K);
  for (let n = 0; n < expected.length; n++)
    expected[n]! += (addend?.values.data[n] ?? 0) + (biases?.values.data[n % N] ?? 0);
  const into = (c: Room): Product => ({
    ...{ c: placed(c), a: placed(a), b: placed(b), layout, k: K },
    add: addend === undefined ? undefined : placed(addend),
    bias: biases === undefined ? undefined : { at: address(biases.pointer), length: N },
  });
  const locate = ({ room: of, offset }: Address): bigint => pointers.get(of)! + BigInt(offset);
  return { into, expected, locate };
}

/** As an executable calls kernels. */
export const callerOn = (gpu: Gpu, locate: Caller["locate"]): Caller => ({
  locate,
  call: ({ kernel, grid, threads, sharedBytes, args }) =>
    launch(gpu.driver, gpu.stream, {
      ...{ kernel: gpu.kernel(kernel, sharedBytes), grid, threads, sharedBytes },
      args: args.map((field) => {
        if (!("at" in field)) return field;
        return { pointer: field.at === null ? 0n : locate(field.at) };
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
