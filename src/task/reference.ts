import type * as z from "zod";
import { taskJsonSchema } from "./schema.ts";

type JsonSchema = z.core.JSONSchema.BaseSchema;

function typeOf(schema: JsonSchema): string {
  const options = (schema.anyOf ?? schema.oneOf) as JsonSchema[] | undefined;
  if (options !== undefined) return [...new Set(options.map(typeOf))].join(" or ");
  if (schema.const !== undefined) return `\`${schema.const}\``;
  if (schema.enum !== undefined) return schema.enum.map((value) => `\`${value}\``).join(", ");
  if (schema.type === "array") return `list of ${typeOf(schema.items as JsonSchema)}`;
  if (schema.type === "object") return "map";
  return String(schema.type);
}

function bounds(schema: JsonSchema): string {
  const parts = [
    schema.minimum !== undefined && `at least ${schema.minimum}`,
    schema.exclusiveMinimum !== undefined && `more than ${schema.exclusiveMinimum}`,
    schema.maximum !== undefined && Math.abs(schema.maximum) < 2 ** 53 - 1 && `at most ${schema.maximum}`,
    schema.exclusiveMaximum !== undefined && `less than ${schema.exclusiveMaximum}`,
  ].filter((part) => part !== false);
  return parts.length === 0 ? "" : `, ${parts.join(", ")}`;
}

/** Object schemas under a key: its own, those of list items, or those of a union. */
function objectsIn(schema: JsonSchema): JsonSchema[] {
  if (schema.type === "array") return objectsIn(schema.items as JsonSchema);
  const forms = (schema.oneOf ?? []) as JsonSchema[];
  return [schema, ...forms].filter((form) => form.properties !== undefined);
}

function rows(schema: JsonSchema, prefix: string, seen: Set<string>): string[] {
  return objectsIn(schema).flatMap((form) =>
    Object.entries(form.properties ?? {}).flatMap(([name, child]) => {
      const [key, value] = [prefix + name, child as JsonSchema];
      const required = form.required?.includes(name) ?? false;
      const fallback =
        value.default === undefined || typeof value.default === "object" ? "" : `\`${value.default}\``;
      const row = `| \`${key}\` | ${typeOf(value)}${bounds(value)} | ${required ? "required" : fallback} | ${value.description ?? ""} |`;
      if (seen.has(row)) return [];
      seen.add(row);
      return [row, ...rows(value, value.type === "array" ? `${key}[].` : `${key}.`, seen)];
    }),
  );
}

/** docs/task.md: reference of task.yaml, generated from the schema. */
export function taskReference(): string {
  return `# task.yaml

Generated from the schema (src/task/schema.ts and settings.ts); a test keeps it current. Every \`train\` key can also be given as
\`--set key=value\`. Where a key is listed twice, its meaning depends on \`kind\`.
YAML editors check and complete the file by [task.schema.json](task.schema.json); \`lorafit init\` puts a copy
beside task.yaml and names it in its first line.

| key | type | default | meaning |
| --- | --- | --- | --- |
${rows(taskJsonSchema(), "", new Set()).join("\n")}
`;
}

/** Text of task.schema.json. */
export function taskSchemaText(): string {
  return `${JSON.stringify({ title: "lorafit task.yaml", ...taskJsonSchema() }, null, 1)}\n`;
}
