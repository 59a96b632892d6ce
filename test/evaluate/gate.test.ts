import { describe, expect, test } from "vitest";
import { gate, type Verdict } from "../../src/evaluate/gate.ts";
import { takeLook } from "../../src/evaluate/looks.ts";
import { verdictTable } from "../../src/evaluate/table.ts";
import { createRng } from "../../src/rng.ts";
import { thrown } from "../task/fixture.ts";
import { type Scenario, scenario } from "./scenario.ts";

const look = { look: 1, alpha: 0.025, again: false };
const decide = (from: Scenario, answers = from.answers): Verdict =>
  gate({ ...from, answers, look, artifactSha256: from.answers[0]!.artifact_sha256 });
const outcomeOf = (verdict: Verdict, name: string) => verdict.criteria.find((c) => c.name === name)?.outcome;

const good = await scenario(60);

describe("the gate", () => {
  test("passes a model that learned the rule and forgot nothing", () => {
    const verdict = decide(good);
    expect(verdict.criteria.map(({ name, outcome }) => [name, outcome])).toEqual([
      ["domain", "pass"],
      ["short", "pass"],
      ["general", "pass"],
      ["critical", "pass"],
    ]);
    expect(verdict).toMatchObject({ verdict: "pass", exit_code: 0, look: 1, missing: [] });
    expect(verdict.flips.fixed).toHaveLength(36);
    expect(verdict.criteria[0]).toMatchObject({
      base: 0,
      tuned: 1,
      difference: 1,
      n: 36,
      clusters: 36,
      margin: 0,
      effect: 0.2,
    });
    expect(verdict.slices.find((slice) => slice.value === "R2")).toEqual({
      by: "rule",
      value: "R2",
      n: 24,
      base: 0,
      tuned: 1,
      fixed: 24,
      broken: 0,
    });
  });

  test("refuses one that learned the outdated rule: nothing got better", async () => {
    const verdict = decide(await scenario(30));
    expect(verdict).toMatchObject({ verdict: "fail", exit_code: 1 });
    expect(outcomeOf(verdict, "domain")).toBe("fail");
  });

  test("refuses one that forgot what the base knew", async () => {
    const verdict = decide(await scenario(60, { forgets: true }));
    expect(outcomeOf(verdict, "domain")).toBe("pass");
    expect(outcomeOf(verdict, "general")).toBe("fail");
    expect(verdict.exit_code).toBe(1);
  });

  test("a missing case is a failure, not a smaller denominator", () => {
    const answers = good.answers.filter(({ id }) => id !== "safe-boots" && id !== "boots-red" && id !== "g3");
    const verdict = decide(good, answers);
    expect(verdict.missing).toEqual(["boots-red", "g3", "safe-boots"]);
    expect(verdict.criteria[0]).toMatchObject({ n: 36, broken: 1 });
    expect(outcomeOf(verdict, "critical")).toBe("fail");
    expect(outcomeOf(verdict, "general")).toBe("fail");
  });

  test("answers of other cases or another artefact are a mismatch", () => {
    const changed = good.answers.map((row, i) => (i === 3 ? { ...row, hash: "0".repeat(64) } : row));
    expect(thrown(() => decide(good, changed))).toMatchObject({
      exitCode: 5,
      message: expect.stringContaining(good.answers[3]!.id),
    });
    expect(thrown(() => gate({ ...good, look, artifactSha256: "f".repeat(64) })).exitCode).toBe(5);
    expect(thrown(() => decide({ ...good, cases: good.cases.slice(1) })).exitCode).toBe(5);
    expect(thrown(() => decide(good, [...good.answers, good.answers[7]!])).message).toMatch(
      /is answered twice/,
    );
    expect(thrown(() => decide(good, [])).exitCode).toBe(5);
  });

  test("says so when the adapter changes nothing", () => {
    const same = good.answers.map((row) => ({ ...row, tuned: row.base }));
    expect(decide(good, same).notes.join()).toContain("changes nothing");
  });
});

test("property: over random outcomes, the printed verdict, the file and the exit code agree", () => {
  const rng = createRng(11);
  const seen = new Set<string>();
  for (let round = 0; round < 60; round++) {
    const better = 0.6 * rng.next();
    const worse = rng.next() < 0.6 ? 0 : rng.next();
    const forgets = 0.2 * (rng.next() - 0.6);
    const answers = good.answers.map((row) => {
      if (row.kind === "text")
        return {
          ...row,
          tuned: { ...row.tuned, score: row.base.score + forgets + 0.3 * (rng.next() - 0.5) },
        };
      const score = row.base.score === 1 ? (rng.next() < worse ? 0 : 1) : rng.next() < better ? 1 : 0;
      return { ...row, tuned: { ...row.tuned, score } };
    });
    const file = JSON.parse(JSON.stringify(decide(good, answers))) as Verdict;
    const text = verdictTable(file, false);
    const printed = /^verdict: (\w+)$/m.exec(text)?.[1];
    expect(printed).toBe(file.verdict);
    expect(file.exit_code).toBe({ pass: 0, fail: 1, inconclusive: 4 }[file.verdict]);
    const outcomes = file.criteria.map(({ outcome }) => outcome);
    const worst = outcomes.includes("fail")
      ? "fail"
      : outcomes.includes("inconclusive")
        ? "inconclusive"
        : "pass";
    expect(file.verdict).toBe(worst);
    for (const { name, outcome, ci, difference } of file.criteria) {
      expect(text).toMatch(new RegExp(`^${name} .* ${outcome}$`, "m"));
      expect(ci[0]).toBeLessThanOrEqual(difference + 1e-12);
      expect(ci[1]).toBeGreaterThanOrEqual(difference - 1e-12);
    }
    seen.add(file.verdict);
  }
  expect([...seen].sort()).toEqual(["fail", "inconclusive", "pass"]);
});

test("looks: each new artefact halves the level, the same one with the same lock is the same look", async () => {
  const { task, lock } = await scenario(60);
  const [a, b] = ["a".repeat(64), "b".repeat(64)];
  expect(takeLook(task, lock, a)).toEqual({ look: 1, alpha: 0.025, again: false });
  expect(takeLook(task, lock, b)).toEqual({ look: 2, alpha: 0.0125, again: false });
  expect(takeLook(task, lock, a)).toEqual({ look: 1, alpha: 0.025, again: true });
  const looser = { ...lock, criteria: lock.criteria.map((criterion) => ({ ...criterion, margin: 1 })) };
  expect(takeLook(task, looser, a)).toMatchObject({ look: 3, again: false });
  const fresh = {
    ...lock,
    cases: { ...lock.cases, domain: { ...lock.cases["domain"]!, cases: { new: a } } },
  };
  expect(takeLook(task, fresh, a)).toMatchObject({ look: 1 });
});
