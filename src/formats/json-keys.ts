/**
 * The keys that an object of a JSON text has twice, at any depth. JSON.parse keeps the last value of such a key and drops the
 * others. The text must be valid JSON.
 */
export function repeatedKeys(text: string): string[] {
  const repeated: string[] = [];
  const open: (Set<string> | null)[] = [];
  for (let i = 0; i < text.length; i++) {
    const char = text[i];
    if (char === "{") open.push(new Set());
    else if (char === "[") open.push(null);
    else if (char === "}" || char === "]") open.pop();
    else if (char === '"') {
      const from = i++;
      while (text[i] !== '"') i += text[i] === "\\" ? 2 : 1;
      const keys = open.at(-1);
      if (keys == null || !isKey(text, i + 1)) continue;
      const name = JSON.parse(text.slice(from, i + 1)) as string;
      if (keys.has(name)) repeated.push(name);
      keys.add(name);
    }
  }
  return repeated;
}

/** True if a colon follows. */
function isKey(text: string, at: number): boolean {
  while (text[at] === " " || text[at] === "\n" || text[at] === "\r" || text[at] === "\t") at++;
  return text[at] === ":";
}
