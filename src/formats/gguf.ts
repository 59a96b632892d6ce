import { existsSync } from "node:fs";
import { LorafitError, listMistakes } from "../errors.ts";
import { parseFile, readBytesAt } from "./files.ts";
import { damagedGguf, GgufCursor, type GgufValue } from "./gguf-cursor.ts";
import { QUANTS, type Quant } from "./quants.ts";

/**
 * GGUF, versions 2 and 3 (ggml-org/ggml, docs/gguf.md): metadata, a table of tensors, aligned data; little-endian. Files
 * are treated as hostile: every count, length and offset is checked against the file's size before anything is allocated.
 */
export interface GgufFile {
  readonly path: string;
  /** All parts of a split model, in order; else the one file. */
  readonly parts: readonly string[];
  readonly metadata: ReadonlyMap<string, GgufValue>;
  readonly tensors: ReadonlyMap<string, GgufTensor>;
}

export interface GgufTensor {
  /** The file that holds it. */
  readonly path: string;
  /** Slowest dimension first, as in Hugging Face; the file has it the other way round. */
  readonly shape: readonly number[];
  readonly type: Quant;
  /** Bytes from the start of the file. */
  readonly offset: number;
  readonly length: number;
}

const MAX_TENSORS = 1 << 16;
const MAX_KEYS = 1 << 16;
/** ggml's GGML_MAX_NAME and GGML_MAX_DIMS. */
const MAX_NAME = 64;
const MAX_RANK = 4;
const DEFAULT_ALIGNMENT = 32;
const MAX_ALIGNMENT = 1 << 16;

/**
 * Reads and checks everything but the data; of a split model, all its parts.
 * @throws data error that names the file and what is wrong with it
 */
export function openGgufFile(path: string): GgufFile {
  const file = openPart(path);
  const count = file.metadata.get("split.count");
  return typeof count === "number" && count > 1 ? openSplit(file, count) : file;
}

function openPart(path: string): GgufFile {
  return parseFile(path, (fd) => {
    const cursor = new GgufCursor(path, fd);
    const { tensorCount, keyCount } = readHeader(cursor);
    const metadata = readMetadata(cursor, keyCount);
    checkNumbers(cursor, metadata);
    const tensors = readTable(cursor, tensorCount, alignmentOf(cursor, metadata));
    return { path, parts: [path], metadata, tensors };
  });
}

/** More parts than any model has. */
const MAX_PARTS = 1 << 12;

/** The names that llama.cpp gives the parts of a split model: NAME-00001-of-00003.gguf. */
export const SPLIT_NAME = /^(.*)-(\d{5})-of-(\d{5})\.gguf$/;

/** The first part holds the model's metadata; each part holds its own tensors. */
function openSplit({ path }: GgufFile, count: number): GgufFile {
  const [, prefix] = SPLIT_NAME.exec(path) ?? [];
  if (prefix === undefined || !Number.isSafeInteger(count) || count > MAX_PARTS) {
    throw new LorafitError("data", `${path}: is a part of a split GGUF of ${count} files`, {
      hint: "give the parts the names that they had, NAME-00001-of-00002.gguf, or join them with llama-gguf-split --merge",
    });
  }
  const five = (n: number): string => String(n).padStart(5, "0");
  const parts = Array.from({ length: count }, (_, i) => `${prefix}-${five(i + 1)}-of-${five(count)}.gguf`);
  const missing = parts.filter((part) => !existsSync(part));
  if (missing.length > 0) {
    throw new LorafitError(
      "data",
      `${path}: is a part of a split GGUF, and ${missing.join(", ")} is missing`,
      {
        hint: "fetch the other parts into the same folder",
      },
    );
  }
  const files = parts.map(openPart);
  const tensors = new Map<string, GgufTensor>();
  for (const [i, file] of files.entries()) {
    const number = file.metadata.get("split.no");
    if (number !== i || file.metadata.get("split.count") !== count) {
      throw damagedGguf(file.path, `it says it is part ${String(number)} of another split`);
    }
    for (const [name, tensor] of file.tensors) {
      if (tensors.has(name)) throw damagedGguf(file.path, `${name} is in another part too`);
      tensors.set(name, tensor);
    }
  }
  const expected = files[0]!.metadata.get("split.tensors.count");
  if (typeof expected === "number" && expected !== tensors.size) {
    throw damagedGguf(path, `its parts hold ${tensors.size} tensors of ${expected}`);
  }
  return { path, parts, metadata: files[0]!.metadata, tensors };
}

/** The tensor as float32, dequantised. */
export function readGgufTensor(file: GgufFile, name: string): Float32Array {
  const tensor = file.tensors.get(name);
  if (tensor === undefined) throw new LorafitError("data", `${file.path}: there is no tensor ${name}`);
  const bytes = readBytesAt(tensor.path, tensor.offset, tensor.length);
  if (bytes === null) throw damagedGguf(tensor.path, `ends within ${name}`);
  return tensor.type.decode(bytes);
}

function readHeader(cursor: GgufCursor): { tensorCount: number; keyCount: number } {
  if (cursor.left < 24) throw cursor.damaged("it is too short for a header");
  if (cursor.take(4).toString("latin1") !== "GGUF") {
    throw new LorafitError("data", `${cursor.path}: is not a GGUF file`);
  }
  const version = cursor.take(4).readUInt32LE();
  if (version !== 2 && version !== 3) {
    throw new LorafitError(
      "data",
      `${cursor.path}: GGUF version ${version} is not supported; supported: 2 and 3, little-endian`,
    );
  }
  // The smallest tensor entry has 24 bytes, the smallest key 13.
  const tensorCount = cursor.count("tensors", 24, MAX_TENSORS);
  return { tensorCount, keyCount: cursor.count("metadata keys", 13, MAX_KEYS) };
}

function readMetadata(cursor: GgufCursor, count: number): Map<string, GgufValue> {
  const metadata = new Map<string, GgufValue>();
  for (let i = 0; i < count; i++) {
    const key = cursor.string(`the name of key ${i + 1}`);
    if (metadata.has(key)) throw cursor.damaged(`key ${key} occurs twice`);
    metadata.set(key, cursor.value(key, cursor.take(4).readUInt32LE()));
  }
  return metadata;
}

/** A name is a text, and no size or token is beyond 2^53. */
function checkNumbers(cursor: GgufCursor, metadata: ReadonlyMap<string, GgufValue>): void {
  const architecture = metadata.get("general.architecture");
  if (architecture !== undefined && typeof architecture !== "string") {
    throw cursor.damaged(`general.architecture is ${String(architecture)}, not a name`);
  }
  for (const [key, value] of metadata) {
    const isSize = [`${architecture}.`, "tokenizer.", "split."].some((prefix) => key.startsWith(prefix));
    if (isSize && typeof value === "number" && Math.abs(value) > Number.MAX_SAFE_INTEGER) {
      throw cursor.damaged(`${key} is ${value}, which is no size`);
    }
  }
}

function alignmentOf(cursor: GgufCursor, metadata: ReadonlyMap<string, GgufValue>): number {
  const value = metadata.get("general.alignment") ?? DEFAULT_ALIGNMENT;
  if (typeof value === "number" && Number.isInteger(Math.log2(value)) && value <= MAX_ALIGNMENT) return value;
  throw cursor.damaged(`general.alignment is ${String(value)}, not a power of two up to ${MAX_ALIGNMENT}`);
}

interface Entry {
  readonly name: string;
  readonly dims: readonly number[];
  readonly type: number;
  readonly offset: bigint;
}

function readTable(cursor: GgufCursor, count: number, alignment: number): Map<string, GgufTensor> {
  const entries = Array.from({ length: count }, (_, i) => readEntry(cursor, i));
  const start = Math.ceil(cursor.position / alignment) * alignment;
  const tensors = new Map<string, GgufTensor>();
  const mistakes: string[] = [];
  for (const entry of entries) {
    const tensor = checkEntry(entry, start, cursor, alignment);
    if (tensors.has(entry.name)) mistakes.push(`${entry.name}: occurs twice`);
    else if (typeof tensor === "string") mistakes.push(`${entry.name}: ${tensor}`);
    else tensors.set(entry.name, tensor);
  }
  let end = start;
  for (const [name, { offset, length }] of [...tensors].sort((a, b) => a[1].offset - b[1].offset)) {
    if (offset < end) mistakes.push(`${name}: overlaps the tensor before it`);
    end = Math.max(end, offset + length);
  }
  if (mistakes.length > 0) throw cursor.damaged(`\n${listMistakes(mistakes, 3)}`);
  return tensors;
}

function readEntry(cursor: GgufCursor, index: number): Entry {
  const name = cursor.string(`the name of tensor ${index + 1}`, MAX_NAME);
  const rank = cursor.take(4).readUInt32LE();
  if (rank > MAX_RANK) throw cursor.damaged(`${name}: ${rank} dimensions, at most ${MAX_RANK} are known`);
  const dims = Array.from({ length: rank }, () => Number(cursor.take(8).readBigUInt64LE()));
  return { name, dims, type: cursor.take(4).readUInt32LE(), offset: cursor.take(8).readBigUInt64LE() };
}

function checkEntry(
  { dims, type, offset }: Entry,
  start: number,
  { path, size }: GgufCursor,
  alignment: number,
): GgufTensor | string {
  const quant = QUANTS.get(type);
  if (quant === undefined) {
    const known = [...QUANTS.values()].map(({ name }) => name).join(", ");
    return `type ${type} is not supported; supported: ${known}`;
  }
  const elements = dims.reduce((product, d) => product * d, 1);
  if (!Number.isSafeInteger(elements)) return `bad shape [${dims.join(", ")}]`;
  const row = dims[0] ?? 1;
  if (row % quant.elements !== 0)
    return `rows of ${row} are not whole blocks of ${quant.elements} (${quant.name})`;
  const length = (elements / quant.elements) * quant.bytes;
  if (offset % BigInt(alignment) !== 0n) return `offset ${offset} is not a multiple of ${alignment}`;
  if (BigInt(start) + offset + BigInt(length) > BigInt(size))
    return `${length} bytes at ${offset} are outside the file`;
  return { path, shape: dims.toReversed(), type: quant, offset: start + Number(offset), length };
}
