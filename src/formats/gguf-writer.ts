import { writePieces, writing } from "./files.ts";

/** A metadata value with its type in the file. */
export type GgufEntry =
  | readonly ["u32" | "f32", number]
  | readonly ["bool", boolean]
  | readonly ["string", string]
  | readonly ["strings", readonly string[]]
  | readonly ["i32s", readonly number[]];

/** A tensor to write. `shape` has the slowest dimension first, as in Hugging Face; `type` is ggml's number. */
export interface GgufOutput {
  readonly name: string;
  readonly shape: readonly number[];
  readonly type: number;
  readonly bytes: number;
  /** Called once, when the tensor's turn comes. */
  data(): Uint8Array;
}

const ALIGNMENT = 32;
const aligned = (n: number): number => Math.ceil(n / ALIGNMENT) * ALIGNMENT;

/**
 * Writes a GGUF file, version 3, little-endian (ggml-org/ggml, docs/gguf.md), one tensor in memory at a time.
 * @throws environment error when it cannot be written
 */
export function writeGguf(
  path: string,
  metadata: Readonly<Record<string, GgufEntry>>,
  tensors: readonly GgufOutput[],
): void {
  const keys = Object.entries(metadata);
  const head: Uint8Array[] = [Buffer.from("GGUF"), u32(3), u64(tensors.length), u64(keys.length)];
  for (const [key, entry] of keys) head.push(string(key), ...bytesOfValue(entry));
  let offset = 0;
  for (const { name, shape, type, bytes } of tensors) {
    head.push(string(name), u32(shape.length), ...shape.toReversed().map(u64), u32(type), u64(offset));
    offset += aligned(bytes);
  }
  function* pieces(): Generator<Uint8Array> {
    yield padded(Buffer.concat(head));
    for (const tensor of tensors) yield padded(tensor.data());
  }
  writing(path, () => writePieces(path, pieces()));
}

function padded(bytes: Uint8Array): Uint8Array {
  const missing = aligned(bytes.length) - bytes.length;
  return missing === 0 ? bytes : Buffer.concat([bytes, Buffer.alloc(missing)]);
}

function u32(n: number): Buffer {
  const out = Buffer.alloc(4);
  out.writeUInt32LE(n);
  return out;
}

function u64(n: number): Buffer {
  const out = Buffer.alloc(8);
  out.writeBigUInt64LE(BigInt(n));
  return out;
}

function string(text: string): Buffer {
  const bytes = Buffer.from(text, "utf8");
  return Buffer.concat([u64(bytes.length), bytes]);
}

/** Numbers of the value types. */
const [UINT32, INT32, FLOAT32, BOOL, STRING, ARRAY] = [4, 5, 6, 7, 8, 9] as const;

function bytesOfValue(entry: GgufEntry): Buffer[] {
  switch (entry[0]) {
    case "u32":
      return [u32(UINT32), u32(entry[1])];
    case "f32": {
      const out = Buffer.alloc(4);
      out.writeFloatLE(entry[1]);
      return [u32(FLOAT32), out];
    }
    case "bool":
      return [u32(BOOL), Buffer.from([entry[1] ? 1 : 0])];
    case "string":
      return [u32(STRING), string(entry[1])];
    case "strings":
      return [u32(ARRAY), u32(STRING), u64(entry[1].length), ...entry[1].map(string)];
    case "i32s":
      return [u32(ARRAY), u32(INT32), u64(entry[1].length), Buffer.from(Int32Array.from(entry[1]).buffer)];
  }
}
