import { readFileSync, writeFileSync } from "node:fs";
import { expect, test } from "vitest";
import { taskReference } from "../../src/task/reference.ts";

const file = new URL("../../docs/task.md", import.meta.url);

test("docs/task.md is what the schema says (LORAFIT_WRITE_DOCS=1 writes it)", () => {
  if (process.env["LORAFIT_WRITE_DOCS"] === "1") writeFileSync(file, taskReference());
  expect(readFileSync(file, "utf8")).toBe(taskReference());
});

test("a setting shows its type, bounds, default and meaning", () => {
  const lines = taskReference().split("\n");
  expect(lines).toContain(
    "| `train.dropout` | number, at least 0, less than 1 | `0` | Dropout on the input of the low-rank product. |",
  );
  expect(lines.filter((line) => line.startsWith("| `success[].margin`"))).toHaveLength(2);
  expect(lines.find((line) => line.startsWith("| `name`"))).toContain("required");
});
