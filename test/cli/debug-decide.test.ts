import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
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
    /criterion\.kind: expected superiority, non-inferiority/,
    /alpha: /,
    /scores\.0\.tuned: 1\.5 is not between 0 and 1/,
    /criterion\.floor: is missing/,
    /criterion\.scorer: zero-failures counts .* cross-entropy does not have/,
    /scores\.0\.base: 0\.5 is neither 0 nor 1/,
    /unknown key margins/,
  ].entries()) {
    expect(answers[i + 1]).toEqual({ error: expect.stringMatching(part) });
    expect(stderr.split("\n")[i]).toMatch(new RegExp(`^stdin:${i + 2}: .*${part.source}`));
  }
});

const line = (value: object): string =>
  JSON.stringify({ criterion: { kind: "superiority" }, alpha: 0.05, seed: 1, scores: scores(80), ...value });
const score = (id: unknown, cluster: unknown) => ({ id, cluster, base: 0, tuned: 1 });

test.each([
  [
    "a repeated id",
    { scores: [score("a", 1), score("b", 2), score("a", 3)] },
    "scores.2.id: a is already used in scores.0",
  ],
  [
    "an id repeated with a blank",
    { scores: [score("a1", 1), score("a1 ", 1)] },
    "scores.1.id: a1 is already used in scores.0",
  ],
  [
    "an id repeated with a sign of no width and in another composition",
    { scores: [score("caf\u00e9", 1), score("cafe\u0301\u200b", 1)] },
    "scores.1.id: caf\u00e9 is already used in scores.0",
  ],
  [
    "an id repeated as a number",
    { scores: [score("1", 1), score(1, 2)] },
    "scores.1.id: 1 is already used in scores.0",
  ],
  [
    "an empty name",
    { scores: [score("", 1), score("b", " ")] },
    "scores.0.id: is blank; scores.1.cluster: is blank",
  ],
  [
    "a missing name",
    { scores: [{ base: 0, tuned: 1 }] },
    "scores.0.id: is missing; scores.0.cluster: is missing",
  ],
  [
    "a number that overflows",
    {
      criterion: { kind: "superiority", scorer: "cross-entropy" },
      scores: [{ ...score("a", 1), base: 1e308 }],
    },
    "scores.0.base: 1e+308 is no number of nats: beyond 1000000",
  ],
  [
    "an effect below the margin",
    { criterion: { kind: "superiority", margin: 0.3, effect: 0.2 } },
    "criterion.effect: 0.2 must be more than the margin 0.3",
  ],
  [
    "a key of another kind",
    { criterion: { kind: "zero-new-failures", margin: 0.1 } },
    "criterion: unknown key margin",
  ],
  [
    "a margin of all",
    { criterion: { kind: "non-inferiority", margin: 1 } },
    "criterion.margin: 1 must be less than 1, the most by which shares can differ",
  ],
])("%s is an error", (_, value, error) => {
  const { status, answers } = decide(line(value));
  expect({ status, answers }).toEqual({ status: 3, answers: [{ error }] });
});

test("cluster names are compared as they are seen; a byte order mark and blank lines are skipped", () => {
  const spaced = scores(80);
  const unseen = [
    (name: string) => name,
    (name: string) => ` ${name} `,
    (name: string) => `${name}\u200b`,
    (name: string) => `\u2060${name}\u200d`,
  ];
  const clean = line({ scores: spaced });
  const blanks = line({
    scores: spaced.map((one, i) => ({ ...one, cluster: unseen[i % 4]!(String(one.cluster)) })),
  });
  const { status, answers } = decide(`\uFEFF${clean}\n\n${blanks}\n{\n`);
  expect(status).toBe(3);
  expect(answers).toHaveLength(3);
  expect(answers[0]).toMatchObject({ clusters: 40 });
  expect(answers[1]).toEqual(answers[0]);
});

test.each([
  ["a joiner of graphemes", "\u034f"],
  ["a Hangul filler", "\u3164"],
  ["a half-width filler", "\uffa0"],
  ["an inherent vowel", "\u17b4"],
  ["a control character", "\u0007"],
  ["a zero", "\u0000"],
  ["a noncharacter", "\ufffe"],
  ["a tag", "\u{e0041}"],
  ["a Braille blank at the end", "\u2800"],
])("%s in a name makes no other cluster", (_, unseen) => {
  const alike = scores(4).map((one, i) => ({ ...one, cluster: `size  chart${unseen.repeat(i)}` }));
  expect(decide(line({ scores: alike })).answers[0]).toMatchObject({ clusters: 1 });
});

test("a run of blanks in a name counts as one space, whatever blanks it has", () => {
  const blanks = [" ", "  ", "\t", "\u00a0", "\u2800", "\u3000 "];
  const alike = scores(6).map((one, i) => ({ ...one, cluster: `size${blanks[i]}chart` }));
  expect(decide(line({ scores: alike })).answers[0]).toMatchObject({ clusters: 1 });
});

test.each([
  ["nothing", ""],
  ["only blank lines", "\n  \n\uFEFF\n"],
])("%s on stdin is a usage error", (_, input) => {
  const { status, stdout, stderr } = spawnSync(process.execPath, [CLI, "debug", "decide"], {
    input,
    encoding: "utf8",
  });
  expect({ status, stdout }).toEqual({ status: 2, stdout: "" });
  expect(stderr).toContain("there is nothing on stdin");
});

test.each([
  ["decide", [], line({ scores: scores(100) })],
  [
    "tokens",
    ["--model", fileURLToPath(new URL("../../models/lorafit-base-5m", import.meta.url))],
    '{"text":"hello"}',
  ],
])("debug %s ends quietly when the reader closes the pipe", async (verb, flags, one) => {
  const child = spawn(process.execPath, [CLI, "debug", verb, ...flags]);
  child.stdin.on("error", () => {});
  child.stdin.end(`${one}\n`.repeat(2000));
  let stderr = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
  });
  child.stdout.once("data", () => child.stdout.destroy());
  const [code] = await once(child, "close");
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
});
