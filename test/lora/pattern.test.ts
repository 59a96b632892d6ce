import { expect, test } from "vitest";
import { firstMatch, matchesModule } from "../../src/lora/pattern.ts";

const Q = "model.layers.11.self_attn.q_proj";

test.each([
  ["q_proj", true],
  ["self_attn.q_proj", true],
  ["proj", false],
  ["_proj", false],
  ["q_proj.", false],
  [".*", true],
  ["model\\.layers\\.\\d+\\.self_attn\\.(q|k)_proj", true],
  ["layers\\.(0|1)\\..*q_proj", false],
  ["layers\\.1[0-9]\\..*", true],
  ["layers\\.1[2-9]\\..*", false],
  ["(.*\\.)?q_proj", true],
  ["^model.*q_proj$", true],
  ["^q_proj", false],
  ["^layers\\.11", false],
  ["q_proj$", true],
  ["layers\\.\\d{2}\\..*q_proj", true],
  ["(?:.*?self_attn.*?(?:q_proj|v_proj).*?)", true],
  ["[^k]_proj", true],
  ["[qkv]_proj", true],
  ["v_proj|q_proj", true],
])("%s on a module path: %s", (pattern, expected) => {
  expect(matchesModule(pattern, Q)).toBe(expected);
  // PEFT's own regular expression gives the same result.
  expect(new RegExp(`^(.*\\.)?(${pattern})$`).test(Q)).toBe(expected);
});

test("firstMatch returns the value of the first pattern that matches", () => {
  expect(firstMatch({ k_proj: 1, "layers\\.11.*": 2, q_proj: 3 }, Q)).toBe(2);
  expect(firstMatch({ k_proj: 1 }, Q)).toBeUndefined();
});

test("a pattern that is exponential for a backtracking matcher takes linear time", () => {
  const path = `${"a".repeat(2000)}.b`;
  const before = performance.now();
  expect(matchesModule("(a+)+c", path)).toBe(false);
  expect(performance.now() - before).toBeLessThan(2000);
});

test.each(["(?=q)q_proj", "(q)_\\1", "q_proj)", "(q_proj", "*q", "q{,2}", "\\pL+", "(?<x>q)_proj"])(
  "%s is refused by name",
  (pattern) => {
    expect(() => matchesModule(pattern, Q)).toThrow(/pattern ".*" is not supported/);
  },
);
