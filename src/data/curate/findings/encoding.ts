import type { TrainingRow } from "../../row-format.ts";
import type { Proposal } from "../finding.ts";
import { texts } from "../text/text.ts";

/** Signs that are never meant: control characters but tab and line breaks, soft hyphens, zero-width and direction marks. */
const INVISIBLE =
  /(?![\t\n\r])\p{Cc}|[\u00ad\u200b\u200e\u200f\u202a-\u202e\u2060-\u2064\ufeff]|(?<!\p{Extended_Pictographic}\ufe0f?|\p{M}|[\u0600-\u06ff\u0900-\u0dff])[\u200c\u200d]/gu;
/** U+FFFD replaces a byte that could not be read; half a surrogate pair cannot be written. */
const LOST = /\ufffd|\p{Surrogate}/u;
/** UTF-8 that was read as Windows-1252: a lead byte, then the bytes that must follow it. */
const MOJIBAKE =
  /[\u00c2-\u00f4][\u0080-\u00bf\u0152\u0153\u0160\u0161\u0178\u017d\u017e\u0192\u02c6\u02dc\u2013\u2014\u2018-\u201a\u201c-\u201e\u2020-\u2022\u2026\u2030\u2039\u203a\u20ac\u2122]{1,3}/g;
/** Characters of Windows-1252 at 0x80 to 0x9f; a space is unassigned. */
const WINDOWS_1252 = "€ ‚ƒ„…†‡ˆ‰Š‹Œ Ž  ‘’“”•–—˜™š›œ žŸ";

/** The text without invisible signs, and with what was UTF-8 read as Windows-1252 read as UTF-8. */
export function repaired(text: string): string {
  return text.replace(MOJIBAKE, decoded).replace(INVISIBLE, "");
}

/** As the same bytes read in UTF-8, or unchanged where they are none. */
function decoded(misread: string): string {
  const bytes = [...misread].map((sign) => {
    const at = sign === " " ? -1 : WINDOWS_1252.indexOf(sign);
    return at < 0 ? sign.charCodeAt(0) : 0x80 + at;
  });
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(Uint8Array.from(bytes));
  } catch {
    return misread;
  }
}

/** Rows with signs that a wrong conversion left behind; what can be undone is proposed. */
export function encodingFindings(row: TrainingRow): Proposal[] {
  for (const { at, text } of texts(row.content)) {
    const lost = LOST.test(text);
    const invisible = text.match(INVISIBLE)?.[0];
    if (!lost && repaired(text) === text) continue;
    const what = lost
      ? "signs that were lost in a conversion"
      : invisible !== undefined && text.replace(INVISIBLE, "") === repaired(text)
        ? `an invisible sign, U+${invisible.codePointAt(0)!.toString(16).toUpperCase().padStart(4, "0")}`
        : `UTF-8 read as another encoding: ${JSON.stringify(text.match(MOJIBAKE)?.find((part) => decoded(part) !== part))}`;
    return [
      {
        kind: "encoding",
        file: row.file,
        line: row.line,
        evidence: `${at} has ${what}`,
        severity: "warning",
        action: lost ? "review" : "repair",
      },
    ];
  }
  return [];
}
