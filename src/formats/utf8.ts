/** First bytes of files that are no text, with what to do about them. */
const MAGIC: readonly (readonly [bytes: readonly number[], what: string])[] = [
  [[0x1f, 0x8b], "is compressed with gzip; unpack it with gunzip"],
  [[0x28, 0xb5, 0x2f, 0xfd], "is compressed with zstd; unpack it with unzstd"],
  [[0xfd, 0x37, 0x7a, 0x58, 0x5a], "is compressed with xz; unpack it with unxz"],
  [[0x42, 0x5a, 0x68, 0x39], "is compressed with bzip2; unpack it with bunzip2"],
  [[0x50, 0x4b, 0x03, 0x04], "is a ZIP archive (or an Excel file); unpack it, or export it as JSONL or CSV"],
  [[0x50, 0x41, 0x52, 0x31], "is a Parquet file; convert it to JSONL"],
];

const startsWith = (bytes: Uint8Array, start: readonly number[]): boolean =>
  start.every((byte, i) => bytes[i] === byte);

/** Reason why a whole file is not UTF-8 text, by its first bytes: it is compressed, of another format, or in UTF-16. */
export function packedProblem(bytes: Uint8Array): string | undefined {
  if (startsWith(bytes, [0xff, 0xfe]) || startsWith(bytes, [0xfe, 0xff]) || isWide(bytes)) {
    return "is not UTF-8 but UTF-16; save the file as UTF-8";
  }
  return MAGIC.find(([start]) => startsWith(bytes, start))?.[1];
}

/** Reason why bytes are not UTF-8 text, with the format or encoding that they resemble; undefined if they are. */
export function utf8Problem(bytes: Uint8Array): string | undefined {
  if (isUtf8(bytes)) return isWide(bytes) ? packedProblem(bytes) : undefined;
  const packed = packedProblem(bytes);
  if (packed !== undefined) return packed;
  // Bytes from 0x80 on without the structure of UTF-8: one of the older encodings of one byte a character, most often this.
  const byte = bytes.find((value) => value >= 0x80)!.toString(16);
  return `is not UTF-8 but looks like Windows-1252 (byte 0x${byte}); save the file as UTF-8`;
}

/** True if one of the first two bytes is zero and the other is not: ASCII text in UTF-16. */
const isWide = ([first, second]: Uint8Array): boolean =>
  first !== undefined && second !== undefined && (first === 0) !== (second === 0);

function isUtf8(bytes: Uint8Array): boolean {
  try {
    new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    return true;
  } catch {
    return false;
  }
}

const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;

/** The lines of a file, without their line feeds. A file without any is split at its carriage returns. */
export function byteLines(bytes: Uint8Array): Uint8Array[] {
  const end = bytes.includes(LINE_FEED) ? LINE_FEED : CARRIAGE_RETURN;
  const lines: Uint8Array[] = [];
  for (let start = 0; start <= bytes.length; ) {
    const newline = bytes.indexOf(end, start);
    const stop = newline < 0 ? bytes.length : newline;
    lines.push(bytes.subarray(start, stop));
    start = stop + 1;
  }
  return lines;
}
