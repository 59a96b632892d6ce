import { expect, test } from "vitest";
import { LorafitError } from "../../src/errors.ts";
import { compileTemplate } from "../../src/tokens/template/budget.ts";
import { loadTokenizer } from "../../src/tokens/tokenizer.ts";
import { bundledFiles } from "./bundled.ts";

const times = (count: number, body: string): string => `{% for i in range(${count}) %}${body}{% endfor %}`;
const doubled = (start: string, operator: string): string =>
  `{% set ns = namespace(x=${start}) %}${times(40, `{% set ns.x = ns.x ${operator} ns.x %}`)}{{ ns.x }}`;

test.each([
  ["a long range", times(1e9, "x")],
  ["nested loops", times(1000, times(1000, times(1000, "x")))],
  ["a doubling list", doubled("[1]", "+")],
  ["a doubling text", doubled("'x'", "~")],
  [
    "a list of shared lists",
    `{% set ns = namespace(x=[1]) %}${times(60, "{% set ns.x = [ns.x, ns.x] %}")}{{ ns.x|tojson }}`,
  ],
  [
    "maps of shared maps",
    `{% set ns = namespace(x={}) %}${times(60, "{% set ns.x = {'a': ns.x, 'b': ns.x} %}")}{{ ns.x|tojson }}`,
  ],
  [
    "a macro that calls itself twice",
    "{% macro f(n) %}{% if n %}{{ f(n - 1) }}{{ f(n - 1) }}{% endif %}{% endmacro %}{{ f(60) }}",
  ],
  ["a wide indentation", "{{ [1]|tojson(indent=500000000) }}"],
  ["a sort in a loop", `{% set l = range(16000) %}${times(16000, "{% set m = l|sort %}")}`],
  ["a long template", "x".repeat(200_000)],
])("%s ends as a data error within a second", (_, source) => {
  const before = performance.now();
  const render = (): string => compileTemplate(source)({ messages: [] });
  expect(render).toThrow(
    expect.objectContaining({ kind: "data", message: expect.stringMatching(/^the chat template /) }),
  );
  expect(performance.now() - before).toBeLessThan(3000);
});

test("a tokenizer with such a template is refused when it is loaded", async () => {
  const files = { ...bundledFiles(), chatTemplate: times(1e9, "x") };
  await expect(loadTokenizer(files)).rejects.toThrow(LorafitError);
  await expect(loadTokenizer(files)).rejects.toThrow("the chat template counts to 1000000000");
});

test("a conversation of 2,000 turns and one of a million characters are rendered", () => {
  const render = compileTemplate(
    "{% for m in messages %}{% if not loop.last and messages[loop.index0 + 1].role != m.role %}<{{ m.role }}>{{ m.content | trim }}{% endif %}{% endfor %}",
  );
  const turn = (i: number) => ({ role: i % 2 === 0 ? "user" : "assistant", content: `turn ${i}` });
  expect(render({ messages: Array.from({ length: 2000 }, (_, i) => turn(i)) })).toContain("<user>turn 1996");
  const long = "word ".repeat(200_000);
  expect(render({ messages: [{ role: "user", content: long }, turn(1)] })).toHaveLength(
    6 + long.trim().length,
  );
});

test("range counts as Python's", () => {
  const range = (args: string): string => compileTemplate(`{{ range(${args})|join(' ') }}`)({ messages: [] });
  expect([range("3"), range("1, 4"), range("5, 0, -2"), range("3, 1")]).toEqual([
    "0 1 2",
    "1 2 3",
    "5 3 1",
    "",
  ]);
});
