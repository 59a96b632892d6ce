import { existsSync, readFileSync } from "node:fs";
import { LorafitError } from "../errors.ts";
import { reading } from "./files.ts";
import { utf8Problem } from "./utf8.ts";

/** Wording of the errors that a JSON file can cause. */
export interface JsonFile<T> {
  /** Checks the value, such as a zod schema; absent: any JSON. */
  readonly schema?: { parse(value: unknown): T };
  /** Advice when the file is damaged. */
  readonly hint: string;
  /** Error for a file that does not exist; by default a data error. */
  readonly absent?: () => LorafitError;
}

/**
 * Reads one JSON file: the only place where a file becomes a checked value.
 * @throws data error "PATH: cannot be read: REASON", "PATH: is not UTF-8 ...", "PATH: is not JSON: REASON", or
 * "PATH: is damaged: KEY: REASON"; what `absent` makes
 */
export function readJson<T = unknown>(path: string, { schema, hint, absent }: JsonFile<T>): T {
  const refuse = (what: string, cause: unknown): LorafitError =>
    new LorafitError("data", `${path}: ${what}: ${reasonOf(cause)}`, { hint, cause });
  if (absent !== undefined && !existsSync(path)) throw absent();
  const bytes = reading(path, () => readFileSync(path), { hint });
  const problem = utf8Problem(bytes);
  if (problem !== undefined) throw new LorafitError("data", `${path}: ${problem}`, { hint });
  let value: unknown;
  try {
    value = JSON.parse(bytes.toString("utf8").replace(/^\ufeff/, ""));
  } catch (cause) {
    throw refuse("is not JSON", cause);
  }
  if (schema === undefined) return value as T;
  try {
    return schema.parse(value);
  } catch (cause) {
    throw refuse("is damaged", cause);
  }
}

/** Schema of any JSON object. */
export const jsonObject = {
  parse(value: unknown): Record<string, unknown> {
    if (typeof value === "object" && value !== null && !Array.isArray(value))
      return value as Record<string, unknown>;
    throw new Error("it is not a JSON object");
  },
};

/** The first problem that a schema found, or the error's own message. */
function reasonOf(cause: unknown): string {
  const [issue] =
    (cause as { issues?: readonly { path: readonly PropertyKey[]; message: string }[] }).issues ?? [];
  if (issue === undefined) return (cause as Error).message;
  return issue.path.length === 0 ? issue.message : `${issue.path.join(".")}: ${issue.message}`;
}

/** The bytes of a JSON file that lorafit writes: indented by two, with a line break at the end. */
export const jsonText = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`;
