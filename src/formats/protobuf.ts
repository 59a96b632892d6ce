import { LorafitError } from "../errors.ts";

const VARINT = 0;
const FIXED64 = 1;
const BYTES = 2;
const FIXED32 = 5;

/**
 * Writes one protobuf message (protobuf.dev/programming-guides/encoding). Large byte fields are kept by reference and
 * never copied, so that gigabytes of tensors can be streamed to a file.
 */
export class MessageWriter {
  readonly #parts: Uint8Array[] = [];
  #small: number[] = [];
  #length = 0;

  integer(field: number, value: number | bigint): this {
    this.#varint(BigInt(field * 8 + VARINT));
    this.#varint(BigInt.asUintN(64, BigInt(value)));
    return this;
  }

  float(field: number, value: number): this {
    this.#varint(BigInt(field * 8 + FIXED32));
    const bytes = new Uint8Array(4);
    new DataView(bytes.buffer).setFloat32(0, value, true);
    this.#small.push(...bytes);
    this.#length += 4;
    return this;
  }

  text(field: number, value: string): this {
    return this.bytes(field, new TextEncoder().encode(value));
  }

  bytes(field: number, value: Uint8Array): this {
    this.#prefix(field, value.length);
    this.#append(value);
    return this;
  }

  message(field: number, value: MessageWriter): this {
    this.#prefix(field, value.#length);
    for (const part of value.chunks()) this.#append(part);
    return this;
  }

  /** The message in pieces, in order. */
  chunks(): readonly Uint8Array[] {
    this.#flush();
    return this.#parts;
  }

  #prefix(field: number, length: number): void {
    this.#varint(BigInt(field * 8 + BYTES));
    this.#varint(BigInt(length));
  }

  #append(bytes: Uint8Array): void {
    this.#length += bytes.length;
    if (bytes.length < 256) {
      for (const byte of bytes) this.#small.push(byte);
      return;
    }
    this.#flush();
    this.#parts.push(bytes);
  }

  #varint(value: bigint): void {
    let rest = value;
    for (; rest > 127n; rest >>= 7n, this.#length++) this.#small.push(Number(rest & 127n) | 128);
    this.#small.push(Number(rest));
    this.#length++;
  }

  #flush(): void {
    if (this.#small.length === 0) return;
    this.#parts.push(Uint8Array.from(this.#small));
    this.#small = [];
  }
}

/** One field of a message: an integer for varints, the bytes for everything else. */
export interface Field {
  readonly number: number;
  readonly integer: bigint;
  readonly bytes: Uint8Array;
}

const NOTHING = new Uint8Array(0);

/**
 * The fields of one message. Nested messages are fields with bytes, to be read in turn, so that depth is bounded by the
 * caller's own nesting; lengths are checked against what is there before anything is taken.
 * @throws data error that names `where` for bytes that are not a protobuf message
 */
export function* readFields(bytes: Uint8Array, where: string): Generator<Field> {
  const cursor = new Cursor(bytes, where);
  while (!cursor.ended) {
    const key = cursor.varint();
    const number = Number(key >> 3n);
    const type = Number(key & 7n);
    if (number === 0) cursor.fail("field number 0");
    if (type === VARINT) yield { number, integer: cursor.varint(), bytes: NOTHING };
    else if (type === BYTES) yield { number, integer: 0n, bytes: cursor.take(cursor.varint()) };
    else if (type === FIXED64) yield { number, integer: 0n, bytes: cursor.take(8n) };
    else if (type === FIXED32) yield { number, integer: 0n, bytes: cursor.take(4n) };
    else cursor.fail(`wire type ${type}`);
  }
}

/** Integers of a packed repeated field. @throws as readFields */
export function readPacked(bytes: Uint8Array, where: string): bigint[] {
  const cursor = new Cursor(bytes, where);
  const values: bigint[] = [];
  while (!cursor.ended) values.push(cursor.varint());
  return values;
}

class Cursor {
  readonly #bytes: Uint8Array;
  readonly #where: string;
  #at = 0;

  constructor(bytes: Uint8Array, where: string) {
    this.#bytes = bytes;
    this.#where = where;
  }

  get ended(): boolean {
    return this.#at === this.#bytes.length;
  }

  varint(): bigint {
    let value = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = this.#bytes[this.#at++] ?? this.fail("it ends within a number");
      value |= BigInt(byte & 127) << shift;
      if (byte < 128) return BigInt.asUintN(64, value);
    }
    return this.fail("a number is longer than ten bytes");
  }

  take(length: bigint): Uint8Array {
    if (length > BigInt(this.#bytes.length - this.#at)) this.fail("a field is longer than what is there");
    this.#at += Number(length);
    return this.#bytes.subarray(this.#at - Number(length), this.#at);
  }

  fail(what: string): never {
    throw new LorafitError("data", `${this.#where}: damaged: ${what}`, {
      hint: "make or download the file again",
    });
  }
}
