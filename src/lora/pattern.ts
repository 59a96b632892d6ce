import { LorafitError } from "../errors.ts";

/**
 * True if a pattern of PEFT's target_modules, rank_pattern or alpha_pattern matches a module path: a regular expression that
 * matches from the path's start or from a dot, up to its end: `(.*\.)?(pattern)$` (peft/utils/other.py).
 * Adapter files are untrusted, so patterns are run by set simulation (Thompson 1968), which cannot backtrack: time is at
 * most pattern length times path length. Supported: literals, ".", "\.", "\d", "\w", [classes], ( | ) and * + ?.
 */
export function matchesModule(pattern: string, module: string): boolean {
  if (isLiteral(pattern)) return module === pattern || module.endsWith(`.${pattern}`);
  const start = compile(pattern);
  for (let from = 0; from <= module.length; from++) {
    if ((from === 0 || module[from - 1] === ".") && accepts(start, module.slice(from))) return true;
  }
  return false;
}

/** True if the pattern is a plain ending of a module path. */
const isLiteral = (pattern: string): boolean => /^[\w.-]+$/.test(pattern);

/** The value of the first pattern that matches, in the order of the object. */
export function firstMatch(patterns: Readonly<Record<string, number>>, module: string): number | undefined {
  return Object.entries(patterns).find(([pattern]) => matchesModule(pattern, module))?.[1];
}

interface State {
  /** null: an epsilon transition. */
  test: ((char: string) => boolean) | null;
  next: State[];
}
interface Fragment {
  readonly start: State;
  readonly end: State;
}

const state = (test: State["test"] = null): State => ({ test, next: [] });
const FINAL = Symbol("final");

function compile(pattern: string): State {
  let at = 0;
  const refuse = (): never => {
    throw new LorafitError("data", `pattern "${pattern}": not supported at position ${at + 1}`, {
      hint: "use literals, ., \\., \\d, \\w, [classes], ( | ) and * + ?",
    });
  };
  const alternatives = (): Fragment => {
    const branches = [sequence()];
    while (pattern[at] === "|") {
      at++;
      branches.push(sequence());
    }
    const [start, end] = [state(), state()];
    for (const branch of branches) {
      start.next.push(branch.start);
      branch.end.next.push(end);
    }
    return { start, end };
  };
  const sequence = (): Fragment => {
    const start = state();
    let end = start;
    while (at < pattern.length && pattern[at] !== "|" && pattern[at] !== ")") {
      const part = repeated(atom());
      end.next.push(part.start);
      end = part.end;
    }
    return { start, end };
  };
  const repeated = (part: Fragment): Fragment => {
    const sign = pattern[at];
    if (sign !== "*" && sign !== "+" && sign !== "?") return part;
    at++;
    const [start, end] = [state(), state()];
    start.next.push(part.start);
    part.end.next.push(end);
    if (sign !== "+") start.next.push(end);
    if (sign !== "?") part.end.next.push(part.start);
    return { start, end };
  };
  const single = (test: (char: string) => boolean): Fragment => {
    const [start, end] = [state(test), state()];
    start.next.push(end);
    return { start, end };
  };
  const atom = (): Fragment => {
    const char = pattern[at]!;
    if (char === "(") {
      at += pattern.startsWith("(?:", at) ? 3 : 1;
      const inner = alternatives();
      if (pattern[at] !== ")") refuse();
      at++;
      return inner;
    }
    if (char === "[") {
      const close = pattern.indexOf("]", at);
      const body = pattern.slice(at + 1, close);
      if (close < 0 || !/^(?:[\w.-]-[\w.-]|[\w.])+$/.test(body)) refuse();
      at = close + 1;
      const ranges = body.match(/[\w.-]-[\w.-]|[\w.]/g)!;
      return single((c) => ranges.some((r) => c >= r[0]! && c <= r[r.length - 1]!));
    }
    if (char === "\\") {
      const kind = pattern[at + 1];
      at += 2;
      if (kind === "d") return single((c) => c >= "0" && c <= "9");
      if (kind === "w") return single((c) => /\w/.test(c));
      if (kind === "." || kind === "-") return single((c) => c === kind);
      at -= 2;
      return refuse();
    }
    if (!/[\w.-]/.test(char)) refuse();
    at++;
    return single((c) => char === "." || c === char);
  };
  if (pattern.startsWith("^")) at++;
  if (pattern.endsWith("$")) pattern = pattern.slice(0, -1);
  const whole = alternatives();
  if (at < pattern.length) refuse();
  Object.assign(whole.end, { [FINAL]: true });
  return whole.start;
}

function accepts(start: State, text: string): boolean {
  let states = closure([start]);
  for (const char of text) states = closure([...states].flatMap((s) => (s.test?.(char) ? s.next : [])));
  return [...states].some((s) => FINAL in s);
}

/** All states that epsilon transitions reach. */
function closure(states: readonly State[]): Set<State> {
  const seen = new Set<State>();
  const visit = [...states];
  for (let s = visit.pop(); s !== undefined; s = visit.pop()) {
    if (seen.has(s)) continue;
    seen.add(s);
    if (s.test === null) visit.push(...s.next);
  }
  return seen;
}
