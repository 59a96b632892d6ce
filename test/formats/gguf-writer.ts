import { writeFileSync } from "node:fs";

/** A metadata value with its GGUF type spelled out. */
export type WriterValue =
  | { readonly u32: number }
  | { readonly f32: number }
  | { readonly bool: boolean }
  | { readonly str: string }
  | { readonly strings: readonly string[] }
  | { readonly i32s: readonly number[] };

export interface WriterTensor {
  readonly name: string;
  /** Slowest first; written reversed. */
  readonly shape: readonly number[];
  readonly type: number;
  readonly bytes: Uint8Array;
}

export const u32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
};
export const u64 = (value: number | bigint): Buffer => {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt(value));
  return bytes;
};
export const text = (value: string): Buffer =>
  Buffer.concat([u64(Buffer.byteLength(value)), Buffer.from(value)]);

function encode(value: WriterValue): Buffer {
  if ("u32" in value) return Buffer.concat([u32(4), u32(value.u32)]);
  if ("f32" in value) return Buffer.concat([u32(6), Buffer.from(Float32Array.of(value.f32).buffer)]);
  if ("bool" in value) return Buffer.concat([u32(7), Buffer.of(Number(value.bool))]);
  if ("str" in value) return Buffer.concat([u32(8), text(value.str)]);
  if ("strings" in value)
    return Buffer.concat([u32(9), u32(8), u64(value.strings.length), ...value.strings.map(text)]);
  return Buffer.concat([
    u32(9),
    u32(5),
    u64(value.i32s.length),
    Buffer.from(Int32Array.from(value.i32s).buffer),
  ]);
}

/** The bytes of a GGUF file, version 3, alignment 32. */
export function ggufBytes(
  metadata: Readonly<Record<string, WriterValue>>,
  tensors: readonly WriterTensor[],
): Buffer {
  const padding = (length: number): Buffer => Buffer.alloc((32 - (length % 32)) % 32);
  const keys = Object.entries(metadata).flatMap(([key, value]) => [text(key), encode(value)]);
  let offset = 0;
  const infos: Buffer[] = [];
  for (const { name, shape, type, bytes } of tensors) {
    infos.push(text(name), u32(shape.length), ...[...shape].reverse().map(u64), u32(type), u64(offset));
    offset += bytes.length + padding(bytes.length).length;
  }
  const head = [Buffer.from("GGUF"), u32(3), u64(tensors.length), u64(Object.keys(metadata).length)];
  const header = Buffer.concat([...head, ...keys, ...infos]);
  return Buffer.concat([
    header,
    padding(header.length),
    ...tensors.flatMap(({ bytes }) => [bytes, padding(bytes.length)]),
  ]);
}

export const writeGguf = (path: string, ...content: Parameters<typeof ggufBytes>): void =>
  writeFileSync(path, ggufBytes(...content));
