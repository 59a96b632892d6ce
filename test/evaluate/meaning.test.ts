import { expect, test } from "vitest";
import { gate } from "../../src/evaluate/gate.ts";
import { meaningOf } from "../../src/evaluate/meaning.ts";
import { rightText } from "../../src/evaluate/right-counts.ts";
import { verdictTable } from "../../src/evaluate/table.ts";
import { FIRST_LOOK, scenario } from "./scenario.ts";

const good = await scenario(60);
const judge = (answers = good.answers) =>
  gate({ ...good, ...FIRST_LOOK, answers, artifactSha256: answers[0]!.artifact_sha256 });

test("a pass, with the absolute numbers", () => {
  const verdict = judge();
  expect(verdict.verdict).toBe("pass");
  expect(meaningOf(verdict)).toBe(
    "All 4 criteria hold: this adapter may take the base's place on this job. It answers 36 of 36 domain questions right, the base 0, a lookup in the transcripts 36 and the base prompted with the policy 0.",
  );
});

test("a fail and an open verdict name what decided", () => {
  const same = judge(good.answers.map((row) => ({ ...row, tuned: row.base })));
  expect(meaningOf(same)).toMatch(
    /^This adapter must not be deployed: it fails \d of \d+ requirements: the adapter changes answers, (.*, )?domain\./,
  );
  const open = { ...judge(), verdict: "inconclusive" as const };
  open.criteria = open.criteria.map((criterion, i) =>
    i === 1 ? { ...criterion, outcome: "inconclusive" } : criterion,
  );
  expect(meaningOf(open)).toMatch(/so the base stays: open are 1 of \d+ requirements: short\./);
  const seeds = [
    { seed: 7, run: ".", differences: {}, against: [] },
    { seed: 8, run: "seeds/8", differences: { domain: -1 }, against: ["domain"] },
  ];
  expect(meaningOf({ ...judge(), verdict: "inconclusive", seeds })).toMatch(
    /so the base stays: its other seeds disagree\./,
  );
});

test("cases are counted once for all criteria on the same scores", () => {
  const task = {
    ...good.task,
    success: [
      ...good.task.success,
      { name: "floor", cases: "domain", scorer: "checks" as const, kind: "at-least" as const, floor: 0.5 },
      {
        name: "not eager",
        cases: "domain",
        scorer: "no-hand-over" as const,
        kind: "at-least" as const,
        floor: 0.5,
      },
    ],
  };
  const verdict = gate({
    ...good,
    ...FIRST_LOOK,
    task,
    artifactSha256: good.answers[0]!.artifact_sha256,
  });
  expect(verdict.right.map(({ criteria }) => criteria)).toEqual([
    ["domain", "floor"],
    ["short"],
    ["critical"],
    ["not eager"],
  ]);
  expect(rightText(verdict.right[0]!)).toBe(
    "domain: 36 of 36 questions answered right; the base 0, a lookup in the transcripts 36, the base prompted with the policy 0",
  );
  expect(rightText(verdict.right.at(-1)!)).toMatch(/^domain: 0 of 36 answers hand over; the base 0,/);
  const table = verdictTable(verdict, false);
  expect(table).toContain(rightText(verdict.right[0]!));
  expect(table).toMatch(/^criterion +base +tuned +lookup +prompted +difference/m);
  expect(table).toContain(meaningOf(verdict));
});
