import { expect, it } from "vitest";
import { nearPairs } from "../../../src/data/curate/text/shingles.ts";
import { normalise } from "../../../src/embed/normalise.ts";
import { createRng } from "../../../src/rng.ts";

/** The definition, without any filter. */
function bruteForce(left: readonly string[], right: readonly string[], threshold: number) {
  const grams = (text: string) =>
    new Set(
      text.length < 5 ? [text] : Array.from({ length: text.length - 4 }, (_, i) => text.slice(i, i + 5)),
    );
  const found: { left: number; right: number; similarity: number }[] = [];
  for (const [i, a] of left.entries()) {
    for (const [j, b] of right.entries()) {
      const [x, y] = [grams(a), grams(b)];
      const shared = [...x].filter((gram) => y.has(gram)).length;
      const similarity = shared / (x.size + y.size - shared);
      if (similarity >= threshold) found.push({ left: i, right: j, similarity });
    }
  }
  return found;
}

it.each([0.5, 0.8, 0.9, 1])("finds exactly the pairs of the definition at %s", (threshold) => {
  const rng = createRng(3);
  const words = [
    "boot",
    "size",
    "return",
    "can",
    "i",
    "half",
    "wide",
    "refund",
    "late",
    "the",
    "my",
    "order",
  ];
  const sentence = () => Array.from({ length: 1 + rng.int(9) }, () => words[rng.int(words.length)]!);
  const left = Array.from({ length: 120 }, sentence);
  // Half of the right side are left ones with a word changed.
  const right = Array.from({ length: 120 }, (_, i) => {
    if (i % 2 === 0) return sentence();
    const copy = [...left[i]!];
    copy[rng.int(copy.length)] = words[rng.int(words.length)]!;
    return copy;
  });
  const [a, b] = [left.map((s) => normalise(s.join(" "))), right.map((s) => normalise(s.join(" ")))];
  const order = (pairs: { left: number; right: number }[]) =>
    pairs.sort((x, y) => x.left - y.left || x.right - y.right);
  const expected = bruteForce(a, b, threshold);
  expect(expected.length).toBeGreaterThan(10);
  expect(order(nearPairs(a, b, threshold))).toEqual(order(expected));
});

it("a pair exactly on the threshold is found", () => {
  // 8 shared of 10: 9 grams each.
  const [a, b] = ["abcdefghijklm", "abcdefghijkl" + "X"];
  const similarity = 8 / 10;
  expect(nearPairs([a!], [b!], similarity)).toEqual([{ left: 0, right: 0, similarity }]);
  expect(nearPairs([a!], [b!], similarity + 1e-6)).toEqual([]);
});

it("normalises as the design says", () => {
  expect(normalise("  Größe 38½ – OK?!\tYes")).toBe(" größe 38½ ok yes ");
  expect(normalise("...")).toBe("  ");
});
