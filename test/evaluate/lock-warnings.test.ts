import { expect, test } from "vitest";
import { readCases } from "../../src/evaluate/cases/cases.ts";
import { nearCases } from "../../src/evaluate/cases/near-cases.ts";
import { lockWarnings } from "../../src/evaluate/lock-warnings.ts";
import { loadTask } from "../../src/task/load.ts";
import type { Criterion } from "../../src/task/schema.ts";
import { taskFolder } from "../task/fixture.ts";

interface Row {
  id: string;
  question: string;
  cluster?: string;
  expects?: string;
}

const casesOf = (rows: readonly Row[], texts: readonly string[] = ["The cat sat on the mat."]) =>
  readCases(
    loadTask(
      taskFolder({
        "cases/domain.jsonl": rows
          .map(
            ({ id, question, cluster, expects = "yes" }) =>
              `${JSON.stringify({ id, cluster, messages: [{ role: "user", content: question }], checks: [{ contains: [expects] }] })}\n`,
          )
          .join(""),
        "cases/general.jsonl": texts.map((text, i) => `${JSON.stringify({ id: `g${i}`, text })}\n`).join(""),
      }),
    ),
  );

const shared = { cases: "domain", scorer: "checks" } as const;
const better: Criterion = { ...shared, name: "better", kind: "superiority", margin: 0, effect: 0.2 };
const floor: Criterion = { ...shared, name: "floor", kind: "at-least", floor: 0.5 };
const general: Criterion = {
  name: "general",
  cases: "general",
  scorer: "cross-entropy",
  kind: "non-inferiority",
  margin: 0.05,
};

test("cases that share their wording are named, unless they are one cluster already", () => {
  const asked = "Can I return the red sneakers that I bought in the winter sale?";
  const rows: Row[] = [
    { id: "a", question: asked },
    { id: "b", question: `Hello! ${asked} Thanks.` },
    { id: "c", question: "Where is the label for sending parcels back to your shop?" },
    { id: "d", question: asked.replace("red sneakers", "black boots") },
    { id: "e", question: "How long does a refund take when I paid by card?" },
  ];
  expect(nearCases(casesOf(rows))).toEqual([{ pack: "domain", ids: ["a", "b", "d"] }]);
  const clustered = rows.map((row) => ("abd".includes(row.id) ? { ...row, cluster: "sale" } : row));
  expect(nearCases(casesOf(clustered))).toEqual([]);
});

test("equal checks make less of the wording enough", () => {
  const rows = (expects: string): Row[] => [
    { id: "a", question: "How long may I keep boots before I return them?" },
    { id: "b", question: "How many days may I keep boots before they go back?", expects },
    { id: "c", question: "Which size of sandal fits a wide foot?" },
  ];
  expect(nearCases(casesOf(rows("yes")))).toEqual([{ pack: "domain", ids: ["a", "b"] }]);
  expect(nearCases(casesOf(rows("60 days")))).toEqual([]);
});

test("a task without a floor, with few texts or with near cases is warned of each, and a sound one of nothing", () => {
  const rows: Row[] = [
    { id: "a", question: "Can I return sneakers?" },
    { id: "b", question: "Can I return sneakers?!" },
  ];
  const warnings = lockWarnings([better, general], casesOf(rows));
  expect(warnings).toEqual([
    expect.stringMatching(/^no criterion on domain has a floor/),
    "general: 1 text in clusters of their own; if nothing changes, a pass at the first look needs 368",
    expect.stringMatching(/^domain: ask nearly the same, so give them one "cluster": a, b$/),
  ]);
  const texts = Array.from({ length: 368 }, (_, i) => `${i.toString(36)} ${(i * 7919).toString(36)}`);
  const sound = casesOf([rows[0]!], texts).filter(({ pack }) => pack === "domain");
  expect(lockWarnings([better, floor], sound)).toEqual([]);
  expect(lockWarnings([general], casesOf([rows[0]!], texts))).toEqual([]);
  expect(lockWarnings([general], casesOf([rows[0]!], texts.slice(1)))).toHaveLength(1);
  const wide = { ...general, margin: 0.1 } as Criterion;
  expect(lockWarnings([wide], casesOf([rows[0]!], texts.slice(0, 183)))).toEqual([]);
  expect(lockWarnings([wide], casesOf([rows[0]!], texts.slice(0, 182)))).toEqual([
    expect.stringMatching(/needs 183$/),
  ]);
});
