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
  /** Bytes of dynamic shared memory; above 48 KiB the kernel must have been allowed them. */
  readonly sharedBytes?: number;
  readonly args: readonly Argument[];
}

/** Puts a kernel on the stream. The arguments are copied by the call, also when it is captured. */
export function launch(
  driver: Driver,
  stream: Handle,
  { kernel, grid, threads, sharedBytes = 0, args }: Launch,
): void {
  const values = Buffer.alloc(8 * args.length);
  const table = Buffer.alloc(8 * args.length);
  const base = driver.addressOf(values);
  for (const [i, argument] of args.entries()) {
    table.writeBigUInt64LE(base + BigInt(8 * i), 8 * i);
    if ("pointer" in argument) values.writeBigUInt64LE(argument.pointer, 8 * i);
    else if ("i64" in argument) values.writeBigInt64LE(BigInt(argument.i64), 8 * i);
    else if ("i32" in argument) values.writeInt32LE(argument.i32, 8 * i);
    else values.writeFloatLE(argument.f32, 8 * i);
  }
  const [x, y = 1, z = 1] = grid;
  driver.call("cuLaunchKernel", kernel, x, y, z, threads, 1, 1, sharedBytes, stream, table, null);
}
