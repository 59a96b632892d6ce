import { asUnicode16 } from "./unicode.ts";

/**
 * Patterns of tokenizer.json are Oniguruma's (Ruby syntax, UTF-8). They are parsed and written again for JavaScript's `v`
 * flag; a construct that means something else there, or is not known, is refused by name.
 */
export class PatternError extends Error {}

/** The matches of a pattern in a text, in order, as [start, end) in UTF-16 units. */
export type Matcher = (text: string) => [number, number][];

export function compilePattern(pattern: string): Matcher {
  const parser = new Parser(pattern);
  const { source, nullable } = parser.alternatives(false);
  if (parser.rest !== "") parser.refuse(parser.rest[0]!);
  if (nullable) throw new PatternError("a pattern that matches the empty text");
  const regex = new RegExp(source, "gv");
  return (text) => {
    const found: [number, number][] = [];
    for (const match of asUnicode16(text).matchAll(regex)) {
      found.push([match.index, match.index + match[0].length]);
    }
    return found;
  };
}

/** The matches of a literal text. */
export function compileLiteral(literal: string): Matcher {
  if (literal === "") throw new PatternError("an empty pattern");
  return (text) => {
    const found: [number, number][] = [];
    for (let at = text.indexOf(literal); at >= 0; at = text.indexOf(literal, at + literal.length)) {
      found.push([at, at + literal.length]);
    }
    return found;
  };
}

interface Part {
  readonly source: string;
  /** True if it can match the empty text. */
  readonly nullable: boolean;
  /** True if it has alternatives or a repetition without end, so that repeating it may take exponential time. */
  readonly branches: boolean;
}

const literal = (char: string): string => `\\u{${char.codePointAt(0)!.toString(16)}}`;
/** Class escapes as members of a class; Oniguruma's \s and \w differ from JavaScript's. */
const CLASS_ESCAPES: Readonly<Record<string, string>> = {
  s: "\\p{White_Space}",
  d: "\\p{Nd}",
  w: "\\p{Alphabetic}\\p{M}\\p{Nd}\\p{Pc}\\u00b2\\u00b3\\u00b9\\u00bc-\\u00be",
};
const CHAR_ESCAPES: Readonly<Record<string, string>> = { r: "\r", n: "\n", t: "\t", f: "\f", v: "\v" };
const CATEGORIES = new Set(
  "Alphabetic L Lu Ll Lt Lm Lo M Mn Mc Me N Nd Nl No P Pc Pd Ps Pe Pi Pf Po S Sm Sc Sk So Z Zs Zl Zp Cc Cf Co".split(
    " ",
  ),
);
const SCRIPTS = new Set(
  `Han Hiragana Katakana Hangul Latin Greek Cyrillic Arabic Hebrew Thai Lao Devanagari Bengali Tamil Telugu Khmer
  Myanmar Georgian Armenian Ethiopic Tibetan Mongolian`.split(/\s+/),
);
/** Sequences that Oniguruma also matches as one character when case is ignored, such as ß for ss. */
const FOLDED_TOGETHER = /ss|ff|fi|fl|st|\\p|[^ -~]/i;

class Parser {
  readonly #chars: readonly string[];
  #at = 0;
  #groups = 0;

  constructor(pattern: string) {
    this.#chars = [...pattern];
  }

  get rest(): string {
    return this.#chars.slice(this.#at).join("");
  }

  refuse(what: string): never {
    throw new PatternError(`"${what}" in the pattern ${this.#chars.join("")}`);
  }

  #take(text: string): boolean {
    if (!this.rest.startsWith(text)) return false;
    this.#at += [...text].length;
    return true;
  }

  alternatives(ignoreCase: boolean): Part {
    const branches = [this.#sequence(ignoreCase)];
    while (this.#take("|")) branches.push(this.#sequence(ignoreCase));
    return {
      source: branches.map(({ source }) => source).join("|"),
      nullable: branches.some(({ nullable }) => nullable),
      branches: branches.length > 1 || branches[0]!.branches,
    };
  }

  #sequence(ignoreCase: boolean): Part {
    const parts: Part[] = [];
    const from = this.#at;
    while (this.#at < this.#chars.length && !"|)".includes(this.#chars[this.#at]!)) {
      parts.push(this.#repeated(this.#atom(ignoreCase)));
    }
    const written = this.#chars.slice(from, this.#at).join("");
    if (ignoreCase && FOLDED_TOGETHER.test(written.replaceAll(/\[[^\]]*\]/g, "-")))
      this.refuse(`(?i:${written})`);
    return {
      source: parts.map(({ source }) => source).join(""),
      nullable: parts.every(({ nullable }) => nullable),
      branches: parts.some(({ branches }) => branches),
    };
  }

  /** The atom with what repeats it. Of `{n,m}+`, Ruby's syntax makes a repetition of the repetition, not a possessive one. */
  #repeated(atom: Part): Part {
    let part = atom;
    for (;;) {
      const [sign] = /^(?:[*+?]|\{\d*,?\d*\})/.exec(this.rest) ?? [];
      if (sign === undefined || sign === "{}" || sign === "{,}") return part;
      this.#take(sign);
      const range = sign.startsWith("{,") ? sign.replace("{", "{0") : sign;
      const nullable = part.nullable || sign === "*" || sign === "?" || /^\{0*[,}]/.test(range);
      const source = `(?:${part.source})${range}`;
      const endless = sign === "*" || sign === "+" || sign.endsWith(",}");
      if (endless && part.branches) this.refuse(`${sign} after a repetition or alternatives`);
      const branches = endless || part.branches;
      if (this.#take("?")) {
        if (sign.startsWith("{")) this.refuse(`${sign}?`);
        part = { source: `${source}?`, nullable, branches };
      } else if (!sign.startsWith("{") && this.#take("+")) {
        const name = `p${this.#groups++}`;
        part = { source: `(?=(?<${name}>${source}))\\k<${name}>`, nullable, branches: false };
      } else part = { source, nullable, branches };
    }
  }

  #atom(ignoreCase: boolean): Part {
    const char = this.#chars[this.#at]!;
    if (char === "(") return this.#group(ignoreCase);
    if (char === "[") return { source: this.#charClass(ignoreCase), nullable: false, branches: false };
    if (char === "\\") return { source: `[${this.#escape()}]`, nullable: false, branches: false };
    if ("*+?^{".includes(char)) this.refuse(char);
    this.#at++;
    if (char === ".") return { source: "[^\\n]", nullable: false, branches: false };
    // In Ruby's syntax `$` is the end of any line.
    if (char === "$") return { source: "(?=\\n|(?![\\s\\S]))", nullable: true, branches: false };
    return { source: ignoreCase ? `[${folded(char)}]` : literal(char), nullable: false, branches: false };
  }

  #group(ignoreCase: boolean): Part {
    const lookaround = ["(?=", "(?!", "(?<=", "(?<!"].find((head) => this.rest.startsWith(head));
    const head = lookaround ?? ["(?:", "(?i:", "("].find((start) => this.rest.startsWith(start))!;
    this.#take(head);
    if (this.rest.startsWith("?")) this.refuse(`(${this.rest.slice(0, 2)}`);
    const inner = this.alternatives(ignoreCase || head === "(?i:");
    if (!this.#take(")")) this.refuse("(");
    return lookaround === undefined
      ? { ...inner, source: `(?:${inner.source})` }
      : { source: `${lookaround}${inner.source})`, nullable: true, branches: inner.branches };
  }

  /** An escape as members of a class. */
  #escape(): string {
    this.#at++;
    const char = this.#chars[this.#at++] ?? "";
    const escaped = CLASS_ESCAPES[char.toLowerCase()];
    if (escaped !== undefined) return char === char.toLowerCase() ? escaped : `[^${escaped}]`;
    if (char in CHAR_ESCAPES) return literal(CHAR_ESCAPES[char]!);
    if (char === "p" || char === "P") return this.#property(char);
    const code = { x: /^(?:\{[0-9a-fA-F]+\}|[0-9a-fA-F]{2})/, u: /^[0-9a-fA-F]{4}/ }[char]?.exec(
      this.rest,
    )?.[0];
    if (code !== undefined) {
      this.#take(code);
      return literal(String.fromCodePoint(Number.parseInt(code.replaceAll(/[{}]/g, ""), 16)));
    }
    if (!/^[^\p{L}\p{N}]$/u.test(char)) this.refuse(`\\${char}`);
    return literal(char);
  }

  #property(kind: "p" | "P"): string {
    const [whole, not, name] = /^\{(\^?)(\w+)\}/.exec(this.rest) ?? this.refuse(`\\${kind}`);
    this.#take(whole!);
    const form = (kind === "P") !== (not === "^") ? "P" : "p";
    if (CATEGORIES.has(name!)) return `\\${form}{${name}}`;
    if (SCRIPTS.has(name!)) return `\\${form}{Script=${name}}`;
    return this.refuse(`\\${kind}${whole}`);
  }

  #charClass(ignoreCase: boolean): string {
    this.#take("[");
    const negated = this.#take("^");
    if (ignoreCase && negated) this.refuse("(?i:[^");
    if (this.rest.startsWith("]") || this.rest.startsWith(":")) this.refuse(`[${this.#chars[this.#at]}`);
    const operands: string[] = [];
    let members = "";
    while (!this.#take("]")) {
      if (this.#at >= this.#chars.length) this.refuse("[");
      if (this.#take("&&")) {
        operands.push(`[${members}]`);
        members = "";
      } else members += this.#member(ignoreCase);
    }
    const body = [...operands, operands.length === 0 ? members : `[${members}]`].join("&&");
    return `[${negated ? "^" : ""}${body}]`;
  }

  #member(ignoreCase: boolean): string {
    const char = this.#chars[this.#at]!;
    if (char === "[") return this.#charClass(ignoreCase);
    const single = char === "\\" ? this.#escape() : literal(char);
    if (char !== "\\") this.#at++;
    const isRange = this.rest.startsWith("-") && !this.rest.startsWith("-]") && single.startsWith("\\u{");
    if (!isRange) return ignoreCase && char !== "\\" ? folded(char) : single;
    this.#take("-");
    const last = this.#chars[this.#at]!;
    if (last === "[") this.refuse("-[");
    const end = last === "\\" ? this.#escape() : literal(last);
    if (last !== "\\") this.#at++;
    if (!end.startsWith("\\u{") || ignoreCase) this.refuse(`${char}-${last}`);
    return `${single}-${end}`;
  }
}

/** Class members that equal an ASCII character when case is ignored. */
function folded(char: string): string {
  const cases = new Set([char, char.toLowerCase(), char.toUpperCase()]);
  if (/[sS]/.test(char)) cases.add("\u017f");
  if (/[kK]/.test(char)) cases.add("\u212a");
  return [...cases].map(literal).join("");
}
