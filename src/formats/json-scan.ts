/** What JSON.parse does not report about a text. */
export interface JsonScan {
  /** Keys that an object has twice, at any depth: JSON.parse keeps the last value and drops the others. */
  readonly repeated: readonly string[];
  /** Deepest nesting of objects and lists; 1 for an object without any inside. */
  readonly depth: number;
  /** Objects directly within the outermost list: [start, end) in UTF-16 units. */
  readonly items: readonly (readonly [start: number, end: number])[];
}

/** Scans a text that is valid JSON, in linear time and without recursion. */
export function scanJson(text: string): JsonScan {
  const repeated: string[] = [];
  const items: [number, number][] = [];
  const open: (Set<string> | null)[] = [];
  let depth = 0;
  let start = 0;
  for (let i = 0; i < text.length; i++) {
    const char = text[i];
    if (char === "{" || char === "[") {
      if (open.length === 1) start = i;
      open.push(char === "{" ? new Set() : null);
      depth = Math.max(depth, open.length);
    } else if (char === "}" || char === "]") {
      open.pop();
      if (char === "}" && open.length === 1 && open[0] === null) items.push([start, i + 1]);
    } else if (char === '"') {
      const from = i++;
      while (text[i] !== '"') i += text[i] === "\\" ? 2 : 1;
      const keys = open.at(-1);
      if (keys == null || !isKey(text, i + 1)) continue;
      const name = JSON.parse(text.slice(from, i + 1)) as string;
      if (keys.has(name)) repeated.push(name);
      keys.add(name);
    }
  }
  return { repeated, depth, items };
}

/** True if a colon follows. */
function isKey(text: string, at: number): boolean {
  while (text[at] === " " || text[at] === "\n" || text[at] === "\r" || text[at] === "\t") at++;
  return text[at] === ":";
}
