import { fstatSync, readSync } from "node:fs";
import { LorafitError } from "../errors.ts";

/** A value of a GGUF's metadata. */
export type GgufValue = number | boolean | string | readonly GgufValue[];

/** More metadata than any vocabulary needs: beyond, the file is meant to exhaust memory. */
const MAX_ITEMS = 1 << 24;
const MAX_STRING = 1 << 24;
const MAX_DEPTH = 4;
const PIECE = 1 << 20;

/** Width in bytes and reader of each number type of the format. */
const NUMBERS: ReadonlyMap<number, readonly [number, (bytes: Buffer) => number | boolean]> = new Map([
  [0, [1, (bytes) => bytes.readUInt8()]],
  [1, [1, (bytes) => bytes.readInt8()]],
  [2, [2, (bytes) => bytes.readUInt16LE()]],
  [3, [2, (bytes) => bytes.readInt16LE()]],
  [4, [4, (bytes) => bytes.readUInt32LE()]],
  [5, [4, (bytes) => bytes.readInt32LE()]],
  [6, [4, (bytes) => bytes.readFloatLE()]],
  [7, [1, (bytes) => bytes.readUInt8() !== 0]],
  [10, [8, (bytes) => narrow(bytes.readBigUInt64LE())]],
  [11, [8, (bytes) => narrow(bytes.readBigInt64LE())]],
  [12, [8, (bytes) => bytes.readDoubleLE()]],
]);
const STRING = 8;
const ARRAY = 9;

/** Beyond 2^53 the nearest number, which is no safe integer and is refused where one is asked for. */
const narrow = (value: bigint): number => Number(value);

export const damagedGguf = (path: string, what: string, cause?: unknown): LorafitError =>
  new LorafitError("data", `${path}: damaged GGUF file: ${what}`, {
    hint: "fetch or write the file again",
    ...(cause === undefined ? {} : { cause }),
  });

/** Walks through a GGUF file's head; nothing is taken that the file does not hold. */
export class GgufCursor {
  readonly path: string;
  readonly size: number;
  readonly #fd: number;
  #piece = Buffer.alloc(0);
  #pieceStart = 0;
  #position = 0;
  #items = 0;

  constructor(path: string, fd: number) {
    this.path = path;
    this.#fd = fd;
    this.size = fstatSync(fd).size;
  }

  get position(): number {
    return this.#position;
  }

  get left(): number {
    return this.size - this.#position;
  }

  damaged(what: string, cause?: unknown): LorafitError {
    return damagedGguf(this.path, what, cause);
  }

  /** The next bytes, as a view that holds until the next call. */
  take(length: number): Buffer {
    if (length > this.left) throw this.damaged(`it ends at byte ${this.size}, within its head`);
    const from = this.#position - this.#pieceStart;
    if (from + length > this.#piece.length) {
      this.#piece = Buffer.alloc(Math.min(Math.max(length, PIECE), this.left));
      this.#pieceStart = this.#position;
      for (let at = 0; at < this.#piece.length; ) {
        const got = readSync(this.#fd, this.#piece, at, this.#piece.length - at, this.#position + at);
        if (got === 0) throw this.damaged("it was cut while it was read");
        at += got;
      }
    }
    const start = this.#position - this.#pieceStart;
    this.#position += length;
    return this.#piece.subarray(start, start + length);
  }

  /** A u64 count of items of at least `width` bytes each, which the rest of the file must be able to hold. */
  count(what: string, width: number, limit: number): number {
    const count = this.take(8).readBigUInt64LE();
    if (count > BigInt(limit) || count * BigInt(width) > BigInt(this.left)) {
      throw this.damaged(
        `it claims ${count} ${what}; ${this.left} bytes are left, and no more than ${limit} are read`,
      );
    }
    return Number(count);
  }

  /** A u64 length and as many bytes of UTF-8. */
  string(what: string, limit = MAX_STRING): string {
    const length = this.count(`bytes for ${what}`, 1, limit);
    try {
      return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(this.take(length));
    } catch (cause) {
      if (LorafitError.is(cause)) throw cause;
      throw this.damaged(`${what} is not UTF-8`, cause);
    }
  }

  value(key: string, type: number, depth = 0): GgufValue {
    if (++this.#items > MAX_ITEMS) throw this.damaged(`more than ${MAX_ITEMS} metadata values`);
    const number = NUMBERS.get(type);
    if (number !== undefined) return number[1](this.take(number[0]));
    if (type === STRING) return this.string(`key ${key}`);
    if (type !== ARRAY) throw this.damaged(`key ${key}: unknown value type ${type}`);
    if (depth === MAX_DEPTH) throw this.damaged(`key ${key}: arrays are nested more than ${MAX_DEPTH} deep`);
    const itemType = this.take(4).readUInt32LE();
    const width = NUMBERS.get(itemType)?.[0] ?? (itemType === ARRAY ? 12 : 8);
    const count = this.count(`items for key ${key}`, width, MAX_ITEMS);
    return Array.from({ length: count }, () => this.value(key, itemType, depth + 1));
  }
}
