import { readFileSync, writeFileSync } from "node:fs";
import { expect, test } from "vitest";
import { taskReference, taskSchemaText } from "../../src/task/reference.ts";

test.each([
  ["task.md", taskReference],
  ["task.schema.json", taskSchemaText],
])("docs/%s is what the schema says (LORAFIT_WRITE_DOCS=1 writes it)", (name, text) => {
  const file = new URL(`../../docs/${name}`, import.meta.url);
  if (process.env["LORAFIT_WRITE_DOCS"] === "1") writeFileSync(file, text());
  expect(readFileSync(file, "utf8")).toBe(text());
});

test("a setting shows its type, bounds, default and meaning", () => {
  const lines = taskReference().split("\n");
  expect(lines).toContain(
    "| `train.dropout` | number, at least 0, less than 1 | `0` | Dropout on the input of the low-rank product. |",
  );
  expect(lines.filter((line) => line.startsWith("| `success[].margin`"))).toHaveLength(2);
  expect(lines.find((line) => line.startsWith("| `name`"))).toContain("required");
});
