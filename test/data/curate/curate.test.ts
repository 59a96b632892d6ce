import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type CurateOptions, curate } from "../../../src/data/curate/curate.ts";
import { reviewKey } from "../../../src/data/curate/review.ts";

const chat = (id: string, question: string, answer: string) => ({
  transcript_id: id,
  messages: [
    { role: "user", content: question },
    { role: "assistant", content: answer },
  ],
});
const ROWS = [
  chat("t1", "Can I return boots after six weeks?", "Yes, within 60 days."),
  chat("t2", "can i return BOOTS after six weeks", "Yes, within 60 days!"),
  chat("t3", "Mail me at a.b@example.org about sizes, password is Blue-Boots7", "Noted a.b@example.org."),
  chat("t4", "How long does a refund take to arrive on my card?", "Five days."),
  chat("t5", "Do your sandals come in a wide fit for my left foot, please?", "Yes."),
  chat("t6", "Something else entirely", "Fine."),
  { transcript_id: "t7", messages: [{ role: "user", content: "hello?" }] },
];
const CASES = [
  { id: "c1", messages: [{ role: "user", content: "How long does a refund take to arrive on my card?" }] },
  { id: "c2", messages: [{ role: "user", content: "Do your sandals come in a wide fit for my left foot?" }] },
  { id: "c3", transcript_id: "t6", messages: [{ role: "user", content: "Another question" }] },
  { id: "c4", good: "a", bad: "b" },
];

let folder: string;
let out: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "lorafit-curate-"));
  out = join(folder, "out");
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function write(name: string, rows: readonly unknown[]): string {
  const path = join(folder, name);
  writeFileSync(path, rows.map((row) => `${JSON.stringify(row)}\n`).join(""));
  return path;
}
function run(options: Partial<CurateOptions> & { decisions?: readonly unknown[] } = {}) {
  const { decisions, ...rest } = options;
  return curate({
    files: [write("train.jsonl", ROWS)],
    cases: [write("cases.jsonl", CASES)],
    review: decisions && write("decisions.jsonl", decisions),
    accept: "safe",
    groupKey: "transcript_id",
    out,
    ...rest,
  });
}
const readLines = (path: string) =>
  readFileSync(path, "utf8")
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line));
const idsOf = (path: string) => readLines(path).map((row) => row.transcript_id);
const decide = (row: (typeof ROWS)[number], decision: "drop" | "keep") => ({
  ...reviewKey(row, "transcript_id"),
  decision,
  reason: "because",
  by: "Ada",
});

describe("curate", () => {
  it("safe: drops duplicates and leaks, masks private data, leaves the rest to a person", async () => {
    const summary = await run();
    expect(summary.counts).toEqual({
      format: 1,
      "exact-duplicate": 1,
      "personal-data": 1,
      secret: 1,
      "leakage-exact": 1,
      "leakage-near": 1,
      "leakage-group": 1,
    });
    expect(idsOf(summary.paths.clean)).toEqual(["t1", "t3"]);
    const [, masked] = readLines(summary.paths.clean);
    expect(masked.messages.map((m: { content: string }) => m.content)).toEqual([
      "Mail me at [email] about sizes, password is [secret]",
      "Noted [email].",
    ]);
    const report = JSON.parse(readFileSync(summary.paths.curation, "utf8"));
    expect(report).toMatchObject({ rows: 7, clean_rows: 2, counts: summary.counts });
    expect(report.findings).toEqual(summary.findings);
    expect(summary.unresolvedErrors.map(({ kind, line }) => [kind, line])).toEqual([["format", 7]]);
    expect(readLines(summary.paths.review)).toEqual([
      expect.objectContaining({ transcript_id: "t7", kind: "format", line: 7, decision: null }),
    ]);
    expect(summary.leakedCases).toEqual({ exact: 1, near: 1, otherLabel: 0 });
  });

  it("findings say where, what it is compared with, and never repeat private data", async () => {
    const { findings } = await run();
    const of = (kind: string) => findings.find((finding) => finding.kind === kind)!;
    expect(of("exact-duplicate")).toMatchObject({
      line: 2,
      other: { line: 1 },
      action: "drop",
      decided_by: "safe",
    });
    expect(of("leakage-near")).toMatchObject({ line: 5, other: { line: 2 }, severity: "error" });
    expect(of("leakage-near").similarity).toBeGreaterThanOrEqual(0.8);
    expect(of("leakage-group")).toMatchObject({ line: 6, other: { line: 3 } });
    expect(JSON.stringify(findings)).not.toContain("a.b@example.org");
    expect(JSON.stringify(findings)).not.toContain("Blue-Boots7");
  });

  it("none decides nothing; all leaves no error open", async () => {
    const none = await run({ accept: "none" });
    expect(none.findings.every((finding) => finding.decided_by === null)).toBe(true);
    expect(idsOf(none.paths.clean)).toEqual(["t1", "t2", "t3", "t4", "t5", "t6"]);
    expect(readFileSync(none.paths.clean, "utf8")).toContain("a.b@example.org");
    const all = await run({ accept: "all" });
    expect(all.unresolvedErrors).toEqual([]);
    expect(readLines(all.paths.review)).toEqual([]);
  });

  it("a person's word counts: dropped rows leave, kept ones stay, private data are masked all the same", async () => {
    const summary = await run({
      decisions: [
        decide(ROWS[0]!, "drop"),
        decide(ROWS[2]!, "keep"),
        decide(ROWS[3]!, "keep"),
        decide(ROWS[6]!, "drop"),
      ],
    });
    // t1 was dropped, so its copy t2 is the one that stays.
    expect(idsOf(summary.paths.clean)).toEqual(["t2", "t3", "t4"]);
    expect(readFileSync(summary.paths.clean, "utf8")).not.toContain("a.b@example.org");
    expect(summary.unresolvedErrors).toEqual([]);
    const by = Object.fromEntries(
      summary.findings.map((f) => [`${f.kind}:${f.line}`, [f.action, f.decided_by]]),
    );
    expect(by["format:7"]).toEqual(["drop", "Ada"]);
    expect(by["leakage-exact:4"]).toEqual(["keep", "Ada"]);
    expect(by["exact-duplicate:1"]).toEqual(["drop", "Ada"]);
    const report = JSON.parse(readFileSync(summary.paths.curation, "utf8"));
    expect(report.dropped.find((row: { line: number }) => row.line === 1)).toEqual(
      expect.objectContaining({ why: [{ by: "Ada", reason: "because" }] }),
    );
  });

  it("a decision holds only for the content it was made on", async () => {
    const summary = await run({
      decisions: [{ ...decide(ROWS[0]!, "drop"), content_sha256: "0".repeat(64) }],
    });
    expect(idsOf(summary.paths.clean)).toContain("t1");
    expect(summary.staleDecisions.length).toBe(1);
    await expect(run({ decisions: [{ ...decide(ROWS[0]!, "drop"), by: "" }] })).rejects.toThrow(
      /decisions\.jsonl:1: by/,
    );
  });

  it("a filled-in line of the queue is a decision", async () => {
    const [line] = readLines((await run()).paths.review);
    const again = await run({ decisions: [{ ...line, decision: "drop", reason: "cut off", by: "Ada" }] });
    expect(again.unresolvedErrors).toEqual([]);
  });

  it("works on CSV, finds a case in any turn, and never overwrites what it reads", async () => {
    const path = join(folder, "train.csv");
    writeFileSync(
      path,
      "text,label\nHow long does a refund take to arrive on my card,refund\nfoo bar baz,other\n",
    );
    const csv = await run({ files: [path], groupKey: undefined });
    expect(csv.counts).toEqual({ "leakage-exact": 1 });
    expect(readLines(csv.paths.clean)).toEqual([
      { text: "foo bar baz", label: "other", curation: { from: "../train.csv:3", done: [] } },
    ]);
    const late = { messages: [...ROWS[5]!.messages, ...ROWS[3]!.messages] };
    expect(
      (await run({ files: [write("late.jsonl", [late])], groupKey: undefined })).counts["leakage-exact"],
    ).toBe(1);
    const clash = write("train.clean.jsonl", ROWS);
    await expect(run({ files: [clash], out: folder })).rejects.toThrow("would be overwritten");
    expect(idsOf(clash).length).toBe(7);
  });

  it("unreadable cases stop it before anything is written", async () => {
    writeFileSync(join(folder, "broken.jsonl"), "{\n");
    await expect(run({ cases: [join(folder, "broken.jsonl")] })).rejects.toThrow(/broken\.jsonl:1/);
    expect(existsSync(out)).toBe(false);
  });

  it("points at a row of unusual length, for a person to look at", async () => {
    const rows = Array.from({ length: 40 }, (_, i) =>
      chat(`n${i}`, `${"word ".repeat(8 + (i % 5))}number ${i}`, "Yes."),
    );
    const files = [write("long.jsonl", [...rows, chat("long", "much too long ".repeat(400), "Yes.")])];
    const { findings } = await run({ files });
    expect(findings).toEqual([
      expect.objectContaining({ kind: "length", line: 41, action: "review", decided_by: null }),
    ]);
  });
});
