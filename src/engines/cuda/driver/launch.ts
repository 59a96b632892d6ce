import type { DevicePointer, Driver, Handle } from "./driver.ts";

/** One argument of a kernel by its C type; `pointer` 0n is a null pointer. */
export type Argument =
  | { readonly pointer: DevicePointer }
  | { readonly i32: number }
  | { readonly i64: number }
  | { readonly f32: number };

export interface Launch {
  readonly kernel: Handle;
  /** Blocks in x, y, z. */
  readonly grid: readonly [number, number?, number?];
  /** Threads of a block. */
  readonly threads: number;
  /** Bytes of dynamic shared memory. Above 48 KiB the kernel's limit must have been raised (Gpu.kernel). */
  readonly sharedBytes?: number;
  readonly args: readonly Argument[];
}

/** Largest number of arguments; the kernels have at most 21. */
const MOST_ARGUMENTS = 64;
/**
 * Argument values, and the table of their addresses that cuLaunchKernel reads. They live as long as the module: only their
 * addresses reach the driver, so a buffer per launch could be collected before the call reads it.
 */
const values = Buffer.from(new ArrayBuffer(8 * MOST_ARGUMENTS));
const table = Buffer.from(new ArrayBuffer(8 * MOST_ARGUMENTS));
let valuesAddress: bigint | undefined;

/** Enqueues a kernel. The driver copies the arguments during the call, also under capture. */
export function launch(
  driver: Driver,
  stream: Handle,
  { kernel, grid, threads, sharedBytes = 0, args }: Launch,
): void {
  if (args.length > MOST_ARGUMENTS) throw new Error(`a launch takes at most ${MOST_ARGUMENTS} arguments`);
  if (valuesAddress === undefined) {
    valuesAddress = driver.addressOf(values);
    for (let i = 0; i < MOST_ARGUMENTS; i++) table.writeBigUInt64LE(valuesAddress + BigInt(8 * i), 8 * i);
  }
  for (const [i, argument] of args.entries()) {
    if ("pointer" in argument) values.writeBigUInt64LE(argument.pointer, 8 * i);
    else if ("i64" in argument) values.writeBigInt64LE(BigInt(argument.i64), 8 * i);
    else if ("i32" in argument) values.writeInt32LE(argument.i32, 8 * i);
    else values.writeFloatLE(argument.f32, 8 * i);
  }
  const [x, y = 1, z = 1] = grid;
  driver.call("cuLaunchKernel", kernel, x, y, z, threads, 1, 1, sharedBytes, stream, table, null);
}
