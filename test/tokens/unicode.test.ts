import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { normalizerOf } from "../../src/tokens/normalizers.ts";
import { compilePattern } from "../../src/tokens/regex.ts";
import {
  type CharTest,
  isChinese,
  isCombiningMark,
  isNumeric,
  isOther,
  isPunctuation,
  isWhitespace,
  normalizeForm,
} from "../../src/tokens/unicode.ts";

/** Made by golden/unicode.py: what every code point is to Hugging Face tokenizers. */
const golden = JSON.parse(readFileSync(new URL("golden/unicode.json", import.meta.url), "utf8")) as {
  sets: Record<string, string>;
  patterns: Record<string, string>;
  forms: Record<"NFC" | "NFD" | "NFKC" | "NFKD", string>;
  changes: Record<"lowercase" | "accents" | "nmt", string>;
};

const CHARS = Array.from({ length: 0xe1000 }, (_, c) => c)
  .filter((c) => c < 0xd800 || (c > 0xdfff && c < 0x33480) || c >= 0xe0000)
  .map((c) => String.fromCodePoint(c));
/** Code points of Unicode 16 that an older Node does not know yet. */
const unknownHere = (char: string): boolean => /\p{Cn}/u.test(char);

function setOf(ranges: string): Set<string> {
  const chars = new Set<string>();
  for (const range of ranges.split(" ")) {
    const [from, to = from] = range.split("-").map((hex) => Number.parseInt(hex, 16));
    for (let c = from!; c <= to!; c++) chars.add(String.fromCodePoint(c));
  }
  return chars;
}

const disagreeing = (test: CharTest, ranges: string): string[] => {
  const chars = setOf(ranges);
  return CHARS.filter((char) => test(char) !== chars.has(char) && !unknownHere(char));
};

describe("every code point is what it is to Hugging Face tokenizers", () => {
  it.each([
    ["whitespace", isWhitespace],
    ["numeric", isNumeric],
    ["punctuation", isPunctuation],
    // BERT's clean_text keeps tabs and line breaks, and drops these two as well.
    ["other", (char: string) => /[\0\ufffd]/.test(char) || (!/[\t\n\r]/.test(char) && isOther(char))],
    ["chinese", isChinese],
    ["combining", isCombiningMark],
  ] as const)("%s", (name, test) => {
    expect(disagreeing(test, golden.sets[name]!)).toEqual([]);
  });

  it.each(Object.keys(golden.patterns))("pattern %s", (pattern) => {
    const all = CHARS.join("");
    const matched = new Set(compilePattern(pattern)(all).map(([start, end]) => all.slice(start, end)));
    expect(disagreeing((char) => matched.has(char), golden.patterns[pattern]!)).toEqual([]);
  });

  it.each(["NFC", "NFD", "NFKC", "NFKD"] as const)("%s", (form) => {
    const hash = createHash("sha256");
    for (const char of CHARS) hash.update(normalizeForm(`\u0345${char}\u0301\n`, form));
    expect(hash.digest("hex")).toBe(golden.forms[form]);
  });

  it.each([
    ["lowercase", { type: "Lowercase" }, ""],
    [
      "accents",
      {
        type: "BertNormalizer",
        clean_text: false,
        handle_chinese_chars: false,
        strip_accents: true,
        lowercase: false,
      },
      "a",
    ],
    ["nmt", { type: "Nmt" }, "a"],
  ] as const)("%s", (name, json, before) => {
    const normalize = normalizerOf(json);
    const hash = createHash("sha256");
    for (const char of CHARS)
      hash.update(normalize({ text: `${before}${char}\n`, atStart: true, continues: false }).text);
    expect(hash.digest("hex")).toBe(golden.changes[name]);
  });
});
