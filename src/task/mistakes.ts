import { type Document, isMap, isScalar, type LineCounter, type Node } from "yaml";
import type * as z from "zod";
import { didYouMean } from "../suggest.ts";
import { taskJsonSchema } from "./schema.ts";

type Path = readonly PropertyKey[];
type JsonSchema = z.core.JSONSchema.BaseSchema;

/** One mistake: key path, line (undefined for --set), and problem. */
export interface Mistake {
  path: Path;
  line: number | undefined;
  message: string;
}

/** `success[0].margin` */
export function keyName(path: Path): string {
  return path
    .map((part) => (typeof part === "number" ? `[${part}]` : `.${String(part)}`))
    .join("")
    .replace(/^\./, "");
}

/** Line of the key at `path`, or of the nearest enclosing key in the file. */
export function lineOf(doc: Document, lines: LineCounter, path: Path): number {
  for (let depth = path.length; depth > 0; depth--) {
    const parent = depth === 1 ? doc.contents : doc.getIn(path.slice(0, depth - 1), true);
    const key = path[depth - 1];
    const pair = isMap(parent)
      ? parent.items.find(({ key: k }) => isScalar(k) && k.value === key)
      : undefined;
    const node = (pair?.key ?? (isMap(parent) ? undefined : doc.getIn(path.slice(0, depth), true))) as
      | Node
      | undefined;
    if (node?.range) return lines.linePos(node.range[0]).line;
  }
  return 1;
}

/** Names that task.yaml may use under `path`. */
function knownKeys(path: Path): string[] {
  let schemas: JsonSchema[] = [taskJsonSchema()];
  for (const part of path) {
    schemas = schemas
      .flatMap((schema) => [schema, ...(schema.oneOf ?? []), ...(schema.anyOf ?? [])] as JsonSchema[])
      .map(
        (schema) =>
          (typeof part === "number" ? schema.items : schema.properties?.[String(part)]) as JsonSchema,
      )
      .filter((schema) => typeof schema === "object");
  }
  const leaves = schemas.flatMap((schema) => [schema, ...(schema.oneOf ?? [])] as JsonSchema[]);
  return [...new Set(leaves.flatMap((schema) => Object.keys(schema.properties ?? {})))];
}

function describe(issue: z.core.$ZodIssue): { path: Path; message: string }[] {
  if (issue.code === "unrecognized_keys") {
    const known = knownKeys(issue.path);
    return issue.keys.map((key) => ({
      path: [...issue.path, key],
      message: `unknown key${didYouMean(key, known) || `; known here: ${known.join(", ")}`}`,
    }));
  }
  if (issue.code === "invalid_key") {
    return [{ path: issue.path, message: issue.issues.map((inner) => inner.message).join(", ") }];
  }
  if (issue.input === undefined && (issue.code === "invalid_type" || issue.code === "invalid_union")) {
    return [{ path: issue.path, message: "is missing" }];
  }
  return [{ path: issue.path, message: issue.message.replace(/^Invalid (input|option): /, "") }];
}

/** Converts zod's issues into mistakes. @param line line of a key path */
export function mistakesOf(error: z.ZodError, line: (path: Path) => number | undefined): Mistake[] {
  return error.issues.flatMap(describe).map(({ path, message }) => ({ path, line: line(path), message }));
}

/** `task.yaml:12: data.train: is missing`, in the order of the file. */
export function mistakeLines(mistakes: readonly Mistake[], file: string): string[] {
  return [...mistakes]
    .sort((a, b) => (a.line ?? 0) - (b.line ?? 0))
    .map(({ path, line, message }) => {
      const where = line === undefined ? "--set" : `${file}:${line}`;
      return path.length === 0 ? `${where}: ${message}` : `${where}: ${keyName(path)}: ${message}`;
    });
}
