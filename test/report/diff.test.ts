import { expect, test } from "vitest";
import { markedWords } from "../../src/report/diff.ts";

const marked = (before: string, after: string) => {
  const both = markedWords(before, after);
  return [both.before.source, both.after.source];
};

test("words that only one answer has are marked", () => {
  expect(marked("You have 30 days.", "You have 60 days.")).toEqual([
    "You have <del>30</del> days.",
    "You have <ins>60</ins> days.",
  ]);
});

test("equal answers, and answers with little in common, are not marked", () => {
  expect(marked("The same.", "The same.")).toEqual(["The same.", "The same."]);
  expect(marked("It is $12 a ticket", "Returns need no appointment")).toEqual([
    "It is $12 a ticket",
    "Returns need no appointment",
  ]);
  expect(marked("", "")).toEqual(["", ""]);
});

test("marked words are escaped", () => {
  expect(marked("Shoes go back in <b> days", "Shoes go back in <i> days")[0]).toBe(
    "Shoes go back in &lt;<del>b</del>&gt; days",
  );
});
