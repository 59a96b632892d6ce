import { expect, test } from "vitest";
import { compilePattern, PatternError } from "../../src/tokens/regex.ts";

test.each(["(a+)+$", "(?:a*b?)*c", "(?:a|aa)+$", "(a{2,})+b", "(?:(?:x|y)z)*"])(
  "%s may take exponential time and is refused",
  (pattern) => {
    expect(() => compilePattern(pattern)).toThrow(PatternError);
  },
);

test.each([
  ["(?:a++b)+", "aabab-ab", ["aabab", "ab"]],
  ["(?:ab){1,2}+", "ababab", ["ababab"]],
  ["\\s+(?!\\S)|\\s+|\\S+", "a  b", ["a", " ", " ", "b"]],
])("%s matches as in Oniguruma", (pattern, text, found) => {
  expect(compilePattern(pattern)(text).map(([start, end]) => text.slice(start, end))).toEqual(found);
});
