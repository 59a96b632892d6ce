import { RE2JS } from "re2js";
import { LorafitError } from "../errors.ts";

/**
 * Regular expressions of module paths, as Python's `re` reads them in PEFT's configs. Adapter files are untrusted, so they run
 * on RE2, whose time is linear; look-around and back references are refused, as is what RE2 reads otherwise than Python.
 */
const compiled = new Map<string, RE2JS | null>();

/** Constructs that RE2 accepts and Python refuses or reads otherwise. */
const NOT_PYTHON = /\\[QECpPzXkZ]|\{,|\[\[:|\(\?<(?![=!])/;

function compile(source: string): RE2JS | null {
  const known = compiled.get(source);
  if (known !== undefined) return known;
  let pattern: RE2JS | null = null;
  try {
    if (!NOT_PYTHON.test(source)) pattern = RE2JS.compile(source);
  } catch {
    // Left null: not supported.
  }
  compiled.set(source, pattern);
  return pattern;
}

/**
 * True if Python refuses a pattern as well. Look-around and back references, which RE2 lacks, are told from mistakes by compiling the
 * pattern for JavaScript; it is never run there.
 */
export function isInvalid(pattern: string): boolean {
  if (compile(pattern) !== null || NOT_PYTHON.test(pattern)) return false;
  try {
    new RegExp(pattern.replaceAll("(?P<", "(?<").replaceAll(/\(\?P=(\w+)\)/g, "\\k<$1>"));
    return false;
  } catch {
    return true;
  }
}

/** Python's re.fullmatch; undefined for a pattern that is not supported. */
export const fullMatch = (pattern: string, path: string): boolean | undefined =>
  compile(`(?:${pattern})`)?.matches(path);

/** Python's re.match, which begins at the start of the path. @throws data error for a pattern that is not supported */
export function matchStart(pattern: string, path: string, named = pattern): RegExpGroups | undefined {
  const regex = compile(pattern);
  if (regex === null) {
    throw new LorafitError("data", `pattern ${JSON.stringify(named)} is not supported`, {
      hint: "write it without look-around and back references",
    });
  }
  const matcher = regex.matcher(path);
  return matcher.lookingAt() ? { group: (name) => matcher.group(name) } : undefined;
}

interface RegExpGroups {
  group(name: string): string | null;
}

/** True if a name is a module path or its ending, as in a list of PEFT's target_modules. */
export const isEnding = (name: string, module: string): boolean =>
  module === name || module.endsWith(`.${name}`);

/**
 * True if a key of PEFT's rank_pattern or alpha_pattern, or an entry of train.targets, matches a module path: from the path's
 * start or from a dot, up to its end: `(.*\.)?(pattern)$` (peft/utils/other.py, get_pattern_key). `^` is the path's start.
 * @throws data error for a pattern that is not supported
 */
export function matchesModule(pattern: string, module: string): boolean {
  return /^[\w-]+$/.test(pattern)
    ? isEnding(pattern, module)
    : matchStart(`(.*\\.)?(${pattern})$`, module, pattern) !== undefined;
}

/** The value of the first pattern that matches, in the order of the object. */
export function firstMatch(patterns: Readonly<Record<string, number>>, module: string): number | undefined {
  return Object.entries(patterns).find(([pattern]) => matchesModule(pattern, module))?.[1];
}
