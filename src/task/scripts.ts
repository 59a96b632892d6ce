import { readFileSync, realpathSync } from "node:fs";
import { join, relative } from "node:path";
import * as z from "zod";

/** A `script` check: file of a user function, and the lowest score that passes. */
export const scriptCheckSchema = z
  .union(
    [z.string().min(1), z.strictObject({ file: z.string().min(1), at_least: z.number().min(0).max(1) })],
    {
      error: 'expected a file, or {"file": "check.js", "at_least": 0.5}',
    },
  )
  .transform((value) => (typeof value === "string" ? { file: value, at_least: 1 } : value));

/** Script files of a case's row, as written. */
export function scriptsOf(row: unknown): string[] {
  const { checks } = (typeof row === "object" && row !== null ? row : {}) as { checks?: unknown };
  if (!Array.isArray(checks)) return [];
  return checks.flatMap((check) => {
    const parsed = scriptCheckSchema.safeParse((check as { script?: unknown } | null)?.script);
    return parsed.success ? [parsed.data.file] : [];
  });
}

/** Relative imports of a module, which its hash would not cover. */
const RELATIVE_IMPORT = /\b(?:from|import|require)\b\s*\(?\s*["'`]\.{0,2}\//;

/** Reason why a script cannot be used, or undefined. It must be in the task's folder and import no other file, because the lock has only its hash. */
export function scriptMistake(folder: string, name: string): string | undefined {
  if (!/\.m?js$/.test(name)) return `${name} is not a .js or .mjs file`;
  let text: string;
  try {
    const file = realpathSync(join(folder, name));
    if (/^\.\.|^\//.test(relative(realpathSync(folder), file))) return `${name} is outside the task's folder`;
    text = readFileSync(file, "utf8");
  } catch (error) {
    const absent = (error as NodeJS.ErrnoException).code === "ENOENT";
    return absent ? `${name} does not exist in the task's folder` : `${name}: ${(error as Error).message}`;
  }
  return RELATIVE_IMPORT.test(text)
    ? `${name} imports another file, which the lock would not cover; put it all in one`
    : undefined;
}
