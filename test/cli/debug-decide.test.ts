import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { judge } from "../../src/evaluate/decision/decide.ts";
import type { PairedScore } from "../../src/evaluate/decision/evidence.ts";
import { createRng } from "../../src/rng.ts";
import type { Criterion } from "../../src/task/schema.ts";

const CLI = fileURLToPath(new URL("../../dist/cli.js", import.meta.url));

function decide(input: string) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [CLI, "debug", "decide"], {
    input,
    encoding: "utf8",
  });
  const lines = stdout.trimEnd().split("\n");
  return { status, stderr, answers: lines.map((line) => JSON.parse(line) as Record<string, unknown>) };
}

const rng = createRng("lines");
const scores = (n: number): PairedScore[] =>
  Array.from({ length: n }, (_, i) => ({
    id: `q${i}`,
    cluster: `c${i >> 1}`,
    base: rng.int(2),
    tuned: rng.int(2),
  }));

test("answers each line as the gate decides on the same scores", () => {
  const asked = (
    [
      { kind: "superiority", margin: 0, effect: 0.2, scorer: "checks" },
      { kind: "non-inferiority", margin: 0.3, scorer: "checks" },
      { kind: "non-inferiority", margin: 0.3, scorer: "cross-entropy" },
      { kind: "at-least", floor: 0.3, scorer: "checks" },
      { kind: "at-most", ceiling: 0.7, scorer: "checks" },
      { kind: "zero-new-failures", scorer: "checks" },
      { kind: "zero-failures", scorer: "checks" },
    ] as const
  ).map((criterion, i) => ({ criterion, alpha: [0.05, 0.01][i % 2]!, seed: i, scores: scores(120) }));
  const { status, answers } = decide(asked.map((line) => `${JSON.stringify(line)}\n`).join(""));
  expect(status).toBe(0);
  expect(answers).toHaveLength(asked.length);
  for (const [i, { criterion, alpha, seed, scores }] of asked.entries()) {
    const whole = { ...criterion, name: "x", cases: "x" } as Criterion;
    const { outcome, p, ci, difference, clusters } = judge(whole, scores, { alpha, seed });
    expect(answers[i]).toMatchObject({ outcome, p, ci, difference, clusters });
  }
});

test("a line that cannot be used is answered in its place, named by its number, and makes the exit code 3", () => {
  const good = { criterion: { kind: "superiority" }, alpha: 0.05, seed: 1, scores: scores(80) };
  const bad = [
    "{",
    JSON.stringify({ ...good, criterion: { kind: "better" } }),
    JSON.stringify({ ...good, alpha: 0.7 }),
    JSON.stringify({ ...good, scores: [{ id: 1, cluster: 1, base: 0, tuned: 1.5 }] }),
    JSON.stringify({ ...good, criterion: { kind: "at-least" } }),
    JSON.stringify({ ...good, criterion: { kind: "zero-failures", scorer: "cross-entropy" } }),
    JSON.stringify({
      ...good,
      scores: [{ id: 1, cluster: 1, base: 0.5, tuned: 1 }],
      criterion: { kind: "zero-failures" },
    }),
    JSON.stringify({ ...good, margins: 1 }),
  ];
  const { status, stderr, answers } = decide([JSON.stringify(good), ...bad, JSON.stringify(good)].join("\n"));
  expect(status).toBe(3);
  expect(answers).toHaveLength(10);
  expect(answers[9]).toEqual(answers[0]);
  expect(answers[0]).toHaveProperty("outcome");
  for (const [i, part] of [
    /not JSON/,
    /criterion\.kind: expected one of "superiority"/,
    /alpha: /,
    /scores\.0\.tuned: 1\.5 is not between 0 and 1/,
    /criterion\.floor: is missing/,
    /cross-entropy has no shares/,
    /scores\.0\.base: 0\.5 is neither 0 nor 1/,
    /unknown key margins/,
  ].entries()) {
    expect(answers[i + 1]).toEqual({ error: expect.stringMatching(part) });
    expect(stderr.split("\n")[i]).toMatch(new RegExp(`^stdin:${i + 2}: .*${part.source}`));
  }
});
