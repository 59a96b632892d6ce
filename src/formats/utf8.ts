/** Reason why bytes are not UTF-8, with the encoding that they resemble; undefined if they are. */
export function utf8Problem(bytes: Uint8Array): string | undefined {
  const [first, second] = bytes;
  if (
    (first === 0xff && second === 0xfe) ||
    (first === 0xfe && second === 0xff) ||
    first === 0 ||
    second === 0
  ) {
    return "is not UTF-8 but UTF-16; save the file as UTF-8";
  }
  try {
    new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    return undefined;
  } catch {
    // Bytes from 0x80 on without the structure of UTF-8: one of the older encodings of one byte a character, most often this.
    const byte = bytes.find((value) => value >= 0x80)!.toString(16);
    return `is not UTF-8 but looks like Windows-1252 (byte 0x${byte}); save the file as UTF-8`;
  }
}

const NEWLINE = 0x0a;

/** The lines of a file, without their line breaks. */
export function byteLines(bytes: Uint8Array): Uint8Array[] {
  const lines: Uint8Array[] = [];
  for (let start = 0; start <= bytes.length; ) {
    const newline = bytes.indexOf(NEWLINE, start);
    const end = newline < 0 ? bytes.length : newline;
    lines.push(bytes.subarray(start, end));
    start = end + 1;
  }
  return lines;
}
