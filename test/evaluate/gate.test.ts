import { describe, expect, test } from "vitest";
import type { Outcome } from "../../src/evaluate/decision/evidence.ts";
import { type GateInput, gate, type Verdict } from "../../src/evaluate/gate.ts";
import { verdictTable } from "../../src/evaluate/table.ts";
import { createRng } from "../../src/rng.ts";
import type { Criterion } from "../../src/task/schema.ts";
import { thrown } from "../task/fixture.ts";
import { FIRST_LOOK, type Scenario, scenario } from "./scenario.ts";

const decide = (from: Scenario, answers = from.answers, rest: Partial<GateInput> = {}): Verdict =>
  gate({
    ...from,
    ...FIRST_LOOK,
    answers,
    artifactSha256: from.answers[0]!.artifact_sha256,
    ...rest,
  });
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

  test("a missing answer does not help below a ceiling", () => {
    const ceiling: Criterion = {
      name: "ceiling",
      cases: "domain",
      scorer: "checks",
      kind: "at-most",
      ceiling: 0.9,
    };
    const task = { ...good.task, success: [ceiling] };
    const without = good.answers.filter(({ pack }) => pack !== "domain");
    const [result] = decide({ ...good, task }, without).criteria;
    expect(result).toMatchObject({ tuned: 1, outcome: "fail" });
  });

  test("answers of other cases or another artefact are a mismatch", () => {
    const changed = good.answers.map((row, i) => (i === 3 ? { ...row, hash: "0".repeat(64) } : row));
    expect(thrown(() => decide(good, changed))).toMatchObject({
      exitCode: 5,
      message: expect.stringContaining(good.answers[3]!.id),
    });
    expect(thrown(() => decide(good, good.answers, { artifactSha256: "f".repeat(64) })).exitCode).toBe(5);
    expect(thrown(() => decide({ ...good, cases: good.cases.slice(1) })).exitCode).toBe(5);
    expect(thrown(() => decide(good, [...good.answers, good.answers[7]!])).message).toMatch(
      /is answered twice/,
    );
    expect(thrown(() => decide(good, [])).exitCode).toBe(5);
  });

  test("judges announced slices of a criterion, each by its own cases, and prints them", () => {
    const announced = [{ rule: "R2" }, { slice: "boots" }];
    const [domain, ...rest] = good.task.success;
    const task = { ...good.task, success: [{ ...domain!, announced } as Criterion, ...rest] };
    const verdict = decide({ ...good, task });
    expect(verdict.criteria[0]!.announced).toMatchObject([
      { where: { rule: "R2" }, n: 24, clusters: 24, difference: 1, improved: false },
      { where: { slice: "boots" }, n: 3, clusters: 3, improved: false },
    ]);
    expect(verdictTable(verdict, false)).toMatch(
      /announced, rule R2: not shown to be improved, \+100\.0, p = /,
    );
    expect(verdict.verdict).toBe("pass");
  });

  test("names every reason against a pass", async () => {
    const verdict = decide(await scenario(30));
    expect(verdict.reasons.map((reason) => reason.split(":")[0])).toEqual(["answers differ", "domain"]);
    expect(decide(good).reasons).toEqual([]);
  });
});

test("property: over random outcomes, the printed verdict, the file, its reasons and the exit code agree", () => {
  const rng = createRng(11);
  const seen = new Set<string>();
  const worstOf = (outcomes: readonly string[]) =>
    outcomes.includes("fail") ? "fail" : outcomes.includes("inconclusive") ? "inconclusive" : "pass";
  const random = (): Outcome => (rng.next() < 0.85 ? "pass" : rng.next() < 0.5 ? "fail" : "inconclusive");
  for (let round = 0; round < 80; round++) {
    const better = 0.6 * rng.next();
    const worse = rng.next() < 0.6 ? 0 : rng.next();
    const forgets = rng.next() - 0.6;
    const answers = good.answers.map((row) => {
      if (row.kind === "text")
        return {
          ...row,
          tuned: { ...row.tuned, score: row.base.score + forgets + 0.3 * (rng.next() - 0.5) },
        };
      const score = row.base.score === 1 ? (rng.next() < worse ? 0 : 1) : rng.next() < better ? 1 : 0;
      return { ...row, tuned: { ...row.tuned, score } };
    });
    const kept = rng.next() < 0.2 ? answers.slice(rng.int(5)) : answers;
    const dataPreconditions = (["no case was trained on", "nothing private was trained on"] as const).map(
      (name) => ({ name, outcome: random(), evidence: `found ${rng.int(9)}` }),
    );
    const file = JSON.parse(JSON.stringify(decide(good, kept, { dataPreconditions }))) as Verdict;
    const text = verdictTable(file, false);
    expect(/^verdict: (\w+)$/m.exec(text)?.[1]).toBe(file.verdict);
    expect(file.exit_code).toBe({ pass: 0, fail: 1, inconclusive: 4 }[file.verdict]);
    const parts = [...file.preconditions, ...file.criteria];
    expect(file.verdict).toBe(worstOf(parts.map(({ outcome }) => outcome)));
    expect(file.reasons.map((reason) => reason.slice(0, reason.indexOf(":")))).toEqual(
      parts.filter(({ outcome }) => /^(fail|inconclusive)$/.test(outcome)).map(({ name }) => name),
    );
    for (const { name, outcome, ci, estimate } of file.criteria) {
      expect(text).toMatch(new RegExp(`^${name} .* ${outcome}$`, "m"));
      expect(ci[0]).toBeLessThanOrEqual(estimate + 1e-12);
      expect(ci[1]).toBeGreaterThanOrEqual(estimate - 1e-12);
    }
    for (const { name, outcome, evidence } of file.preconditions) {
      const shown = text.includes(`${outcome}  ${name}: ${evidence}`);
      expect(shown).toBe(outcome !== "pass");
    }
    seen.add(file.verdict);
  }
  expect([...seen].sort()).toEqual(["fail", "inconclusive", "pass"]);
});
