import { fstatSync, readSync } from "node:fs";
import { LorafitError, listMistakes } from "../errors.ts";
import { parseFile, readBytesAt, writeFileAtomic } from "./files.ts";
import { scanJson } from "./json-scan.ts";
import { bfloat16ToFloat32, float16ToFloat32 } from "./numbers.ts";

/**
 * safetensors (huggingface/safetensors, README): u64 header length, a JSON header, then the bytes; little-endian,
 * row-major. Files are treated as hostile: everything is checked against the file's size before it is used.
 */
export interface SafetensorsEntry {
  readonly dtype: string;
  readonly shape: readonly number[];
  /** Bytes from the start of the file. */
  readonly offset: number;
  readonly length: number;
}

export interface SafetensorsFile {
  readonly path: string;
  readonly tensors: ReadonlyMap<string, SafetensorsEntry>;
  readonly metadata: Readonly<Record<string, string>>;
}

const WIDTH: Readonly<Record<string, number>> = {
  F64: 8,
  F32: 4,
  F16: 2,
  BF16: 2,
  I64: 8,
  I32: 4,
  I16: 2,
  I8: 1,
  U8: 1,
  BOOL: 1,
  U16: 2,
  U32: 4,
  U64: 8,
  C64: 8,
  F8_E4M3: 1,
  F8_E5M2: 1,
  F8_E8M0: 1,
};
/** Types that are read as float32. */
export const FLOATING: readonly string[] = ["F64", "F32", "F16", "BF16"];
/** The reference reader's limit. */
const MAX_HEADER = 100_000_000;
const MAX_RANK = 8;

const damaged = (path: string, what: string, cause?: unknown): LorafitError =>
  new LorafitError("data", `${path}: damaged safetensors file: ${what}`, {
    hint: "fetch or write the file again",
    ...(cause === undefined ? {} : { cause }),
  });

/** Reads and checks the header. */
export function openSafetensors(path: string): SafetensorsFile {
  return parseFile(path, (fd) => {
    const size = fstatSync(fd).size;
    if (size < 8) throw damaged(path, `${size} bytes cannot hold a header`);
    const prefix = Buffer.alloc(8);
    readSync(fd, prefix, 0, 8, 0);
    const headerBytes = prefix.readBigUInt64LE();
    if (headerBytes > BigInt(MAX_HEADER) || headerBytes > BigInt(size - 8)) {
      throw damaged(path, `the header claims ${headerBytes} bytes, the file has ${size}`);
    }
    const header = Buffer.alloc(Number(headerBytes));
    readSync(fd, header, 0, header.length, 8);
    return { path, ...parseHeader(path, header, size) };
  });
}

function parseHeader(path: string, header: Buffer, size: number): Omit<SafetensorsFile, "path"> {
  let text: string;
  let json: unknown;
  try {
    text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(header);
    json = JSON.parse(text);
  } catch (cause) {
    throw damaged(path, "the header is not JSON", cause);
  }
  if (typeof json !== "object" || json === null || Array.isArray(json))
    throw damaged(path, "the header is not an object");
  const { __metadata__: metadata = {}, ...entries } = json as Record<string, unknown>;
  if (!isStringMap(metadata)) throw damaged(path, "__metadata__ is not a map of strings");
  const repeated = scanJson(text).repeated;
  if (repeated.length > 0) throw damaged(path, `names that occur twice: ${repeated.slice(0, 5).join(", ")}`);

  const start = 8 + header.length;
  const mistakes: string[] = [];
  const tensors = new Map<string, SafetensorsEntry>();
  for (const [name, value] of Object.entries(entries)) {
    const entry = checkEntry(value, start, size);
    if (typeof entry === "string") mistakes.push(`${name}: ${entry}`);
    else tensors.set(name, entry);
  }
  if (mistakes.length > 0) throw damaged(path, `\n${listMistakes(mistakes)}`);
  let end = start;
  for (const [name, { offset, length }] of [...tensors].sort(
    (a, b) => a[1].offset - b[1].offset || a[1].length - b[1].length,
  )) {
    if (offset !== end)
      throw damaged(
        path,
        `${name} ${offset < end ? "overlaps the tensor before it" : "leaves a hole before it"}`,
      );
    end += length;
  }
  if (end !== size) throw damaged(path, `${size - end} bytes after the last tensor`);
  return { tensors, metadata };
}

function checkEntry(value: unknown, start: number, size: number): SafetensorsEntry | string {
  if (typeof value !== "object" || value === null) return "is not an object";
  const { dtype, shape, data_offsets: offsets } = value as Record<string, unknown>;
  const width = typeof dtype === "string" && Object.hasOwn(WIDTH, dtype) ? WIDTH[dtype] : undefined;
  if (width === undefined) return `unknown dtype ${JSON.stringify(dtype)}`;
  if (!isSizes(shape) || shape.length > MAX_RANK) return `bad shape ${JSON.stringify(shape)}`;
  if (!isSizes(offsets) || offsets.length !== 2) return `bad data_offsets ${JSON.stringify(offsets)}`;
  const [from, to] = offsets as [number, number];
  const bytes = shape.reduce((product, d) => product * d, width);
  if (to < from || start + to > size) return `bytes ${from} to ${to} are outside the file`;
  if (to - from !== bytes)
    return `shape [${shape.join(", ")}] of ${dtype} needs ${bytes} bytes, has ${to - from}`;
  return { dtype: dtype as string, shape, offset: start + from, length: to - from };
}

const isSizes = (value: unknown): value is number[] =>
  Array.isArray(value) && value.every((d) => Number.isSafeInteger(d) && d >= 0);
const isStringMap = (value: unknown): value is Record<string, string> =>
  typeof value === "object" && value !== null && Object.values(value).every((v) => typeof v === "string");

/** The tensor as float32, whatever floating type it is stored in. */
export function readFloat32(file: SafetensorsFile, name: string): Float32Array {
  const { dtype, bytes } = readBytes(file, name);
  const halves = (): Uint16Array => new Uint16Array(bytes.buffer, bytes.byteOffset, bytes.length / 2);
  if (dtype === "F32") return new Float32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
  if (dtype === "F64")
    return Float32Array.from(new Float64Array(bytes.buffer, bytes.byteOffset, bytes.length / 8));
  if (dtype === "F16") return float16ToFloat32(halves());
  if (dtype === "BF16") return bfloat16ToFloat32(halves());
  throw new LorafitError("data", `${file.path}: ${name} is of type ${dtype}, not a floating type`);
}

/** The stored bytes, in a buffer of their own. */
export function readBytes(file: SafetensorsFile, name: string): SafetensorsEntry & { bytes: Uint8Array } {
  const entry = file.tensors.get(name);
  if (entry === undefined) throw new LorafitError("data", `${file.path}: there is no tensor ${name}`);
  const bytes = readBytesAt(file.path, entry.offset, entry.length);
  if (bytes === null) throw damaged(file.path, `ends within ${name}`);
  return { ...entry, bytes };
}

export interface TensorData {
  readonly shape: readonly number[];
  readonly data: Float32Array | Float64Array | BigInt64Array | Int32Array | Uint8Array;
}

const dtypeOf = ({ data }: TensorData): string =>
  data instanceof Float32Array
    ? "F32"
    : data instanceof Float64Array
      ? "F64"
      : data instanceof BigInt64Array
        ? "I64"
        : data instanceof Int32Array
          ? "I32"
          : "U8";

/** Header bytes with their length prefix, and each tensor's place in the file; padded so that tensors start at multiples of 8. */
export function safetensorsHeader(
  entries: readonly { name: string; dtype: string; shape: readonly number[]; length: number }[],
  metadata: Readonly<Record<string, string>> = {},
): { bytes: Buffer; offsets: Map<string, { offset: number; length: number; shape: readonly number[] }> } {
  const header: Record<string, unknown> = Object.keys(metadata).length > 0 ? { __metadata__: metadata } : {};
  let at = 0;
  for (const { name, dtype, shape, length } of entries) {
    header[name] = { dtype, shape, data_offsets: [at, at + length] };
    at += length;
  }
  const json = Buffer.from(JSON.stringify(header));
  const text = Buffer.concat([json, Buffer.alloc((8 - (json.length % 8)) % 8, " ")]);
  const prefix = Buffer.alloc(8);
  prefix.writeBigUInt64LE(BigInt(text.length));
  const offsets = new Map<string, { offset: number; length: number; shape: readonly number[] }>();
  let offset = 8 + text.length;
  for (const { name, shape, length } of entries) {
    offsets.set(name, { offset, length, shape });
    offset += length;
  }
  return { bytes: Buffer.concat([prefix, text]), offsets };
}

/** Writes all tensors, sorted by name with the widest types first so that views stay aligned; returns their places in the file. */
export function writeSafetensors(
  path: string,
  tensors: Readonly<Record<string, TensorData>> | ReadonlyMap<string, TensorData>,
  metadata: Readonly<Record<string, string>> = {},
): Map<string, { offset: number; length: number; shape: readonly number[] }> {
  const all = tensors instanceof Map ? [...tensors] : Object.entries(tensors);
  const entries = all
    .map(([name, tensor]) => ({
      name,
      dtype: dtypeOf(tensor),
      shape: tensor.shape,
      length: tensor.data.byteLength,
      data: tensor.data,
    }))
    .sort((a, b) => WIDTH[b.dtype]! - WIDTH[a.dtype]! || (a.name < b.name ? -1 : 1));
  const { bytes, offsets } = safetensorsHeader(entries, metadata);
  const bodies = entries.map(({ data }) => new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  writeFileAtomic(path, Buffer.concat([bytes, ...bodies]));
  return offsets;
}
