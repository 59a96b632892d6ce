import pc from "picocolors";
import { expect, test } from "vitest";
import { printable } from "../../src/cli/terminal/output.ts";

test.each([
  ["a\tb\nc é 界 👩‍👩‍👧", "a\tb\nc é 界 👩‍👩‍👧"],
  ["\x1b]0;title\x07", "\\u001b]0;title\\u0007"],
  ["\x1b[2J\x1b[H", "\\u001b[2J\\u001b[H"],
  ["\x1b[8mhidden", "\\u001b[8mhidden"],
  ["50 %\rpassed", "50 %\\u000dpassed"],
  ["\x9b31m\x7f", "\\u009b31m\\u007f"],
  ["abc\u202edef", "abc\\u202edef"],
])("%j is shown as %j", (text, shown) => {
  expect(printable(text)).toBe(shown);
});

test("our own colours stay", () => {
  const { red, bold, dim } = pc.createColors(true);
  const text = `${red("error")}: ${bold(dim("x"))} y`;
  expect(printable(text)).toBe(text);
});
