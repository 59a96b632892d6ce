import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type CurateSummary, curate } from "../../../src/data/curate/curate.ts";
import { policyText } from "../../../src/data/curate/policy/policy.ts";
import { chat } from "../../../src/kinds/chat/chat.ts";
import { parsePolicy } from "../../../src/task/policy.ts";

const folder = fileURLToPath(new URL("../../../datasets/awesomeshoes", import.meta.url));
const truth = JSON.parse(readFileSync(join(folder, "data/ground-truth.json"), "utf8")) as {
  line: number;
  kind: string;
  note: string;
}[];
const policy = join(folder, "policy.md");
const options = {
  policy: policyText(parsePolicy(readFileSync(policy, "utf8"), policy), policy),
  files: [join(folder, "data/transcripts.jsonl")],
  cases: readdirSync(join(folder, "cases"))
    .filter((name) => name.endsWith(".jsonl"))
    .map((name) => join(folder, "cases", name)),
  scope: {
    inScope: ["fit and sizing", "returns", "exchanges", "refunds"],
    outOfScope: ["payment card details", "order tracking", "legal advice", "medical advice", "other shops"],
  },
  accept: "safe",
  groupKey: "transcript_id",
} as const;

let out: string;
let summary: CurateSummary;
beforeAll(async () => {
  out = mkdtempSync(join(tmpdir(), "lorafit-awesomeshoes-"));
  summary = await curate({ format: chat.rows, ...options, out });
});
afterAll(() => rmSync(out, { recursive: true, force: true }));

/** A chat that ends with the customer is cut off, and has no answer to train on: both kinds are true of it. */
const KINDS: [string, (entry: (typeof truth)[number]) => boolean][] = [
  ["format", ({ kind, note }) => kind === "format" || note === "ends with the customer"],
  ["exact-duplicate", ({ kind }) => kind === "exact-duplicate"],
  ["near-duplicate", ({ kind }) => kind === "near-duplicate"],
  // Of the wrong answers, the one that names a number where its rule has one.
  ["conflict", ({ kind, note }) => /^(?:outdated-policy|conflict)$/.test(kind) || note === "contradicts R3"],
  ["truncation", ({ kind, note }) => kind === "cut-off" && note !== "ends with the customer"],
  ["personal-data", ({ kind }) => kind === "personal-data"],
  ["language", ({ kind }) => kind === "language"],
  ["secret", ({ kind }) => kind === "secret"],
];

describe("the defects planted in AwesomeShoes' transcripts", () => {
  it.each(KINDS)("%s: recall 0.95, precision 0.9", (kind, planted) => {
    const expected = new Set(truth.filter(planted).map(({ line }) => line));
    const found = new Set(
      summary.findings.filter((finding) => finding.kind === kind).map(({ line }) => line),
    );
    const hits = [...expected].filter((line) => found.has(line)).length;
    expect(expected.size).toBeGreaterThan(2);
    expect(hits / expected.size).toBeGreaterThanOrEqual(0.95);
    expect(hits / found.size).toBeGreaterThanOrEqual(0.9);
  });

  // A wrong answer to a loose sole improvises where the warranty team was due, and is planted as something else.
  it("out-of-scope: recall and precision 0.8", () => {
    const expected = truth.filter(({ kind }) => kind === "out-of-scope").map(({ line }) => line);
    const found = summary.findings.filter(({ kind }) => kind === "out-of-scope").map(({ line }) => line);
    const hits = expected.filter((line) => found.includes(line)).length;
    expect(hits / expected.length).toBeGreaterThanOrEqual(0.8);
    expect(hits / found.length).toBeGreaterThanOrEqual(0.8);
  });

  it("of the policy, only the rule on tone has no row; nothing else is wrong with the set", () => {
    const rest = summary.findings.filter(({ kind }) => !KINDS.some(([known]) => known === kind));
    expect(
      rest.filter(({ kind }) => kind !== "out-of-scope").map(({ kind, evidence }) => [kind, evidence]),
    ).toEqual([["uncovered-rule", "no training row shows R27"]]);
  });

  it("the cases are held out: nothing leaks", () => {
    expect(summary.leakedCases).toEqual({ exact: 0, near: 0, otherLabel: 0 });
  });

  it("with the content owner's decisions no error is open and every planted defect is gone or masked", async () => {
    const reviewed = await curate({
      format: chat.rows,
      ...options,
      review: join(folder, "data/review.jsonl"),
      out,
    });
    expect(reviewed.unresolvedErrors).toEqual([]);
    expect(reviewed.staleDecisions).toEqual([]);
    const clean = readFileSync(reviewed.paths.clean, "utf8");
    expect(clean).not.toMatch(/within 30 days|@example\./);
    expect(reviewed.clean_rows).toBeGreaterThan(600);
  });
});
