import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type CurateOptions, curate } from "../../../src/data/curate/curate.ts";
import { reviewKey } from "../../../src/data/curate/review/review.ts";
import type { RowTokenizer } from "../../../src/data/row-format.ts";
import { chat as chatKind } from "../../../src/kinds/chat/chat.ts";
import { RenderedChat } from "../../../src/tokens/rendered.ts";

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
    format: chatKind.rows,
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

  it("a person's decisions count: dropped rows leave, kept ones stay, private data are still masked", async () => {
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

describe("a person's decisions", () => {
  it("accept carries a finding out, reject leaves the row unchanged, private data included", async () => {
    const queue = await run({ accept: "none" });
    const open = readLines(queue.paths.review);
    const answer = (kind: string, decision: string) => ({
      ...open.find((line) => line.kind === kind),
      decision,
      by: "Ada",
    });
    // The queue itself holds the decisions; what is open is proposed anew.
    writeFileSync(
      queue.paths.review,
      [
        answer("exact-duplicate", "reject"),
        answer("personal-data", "reject"),
        answer("secret", "accept"),
        answer("leakage-near", "accept"),
      ]
        .map((line) => `${JSON.stringify(line)}\n`)
        .join(""),
    );
    const decided = await run({ accept: "none" });
    expect(idsOf(decided.paths.clean)).toEqual(["t1", "t2", "t3", "t4", "t6"]);
    const clean = readFileSync(decided.paths.clean, "utf8");
    expect(clean).toContain("a.b@example.org");
    expect(clean).not.toContain("Blue-Boots7");
    expect(decided.dropped).toEqual([
      { file: expect.stringMatching(/train\.jsonl$/), line: 5, why: [{ kind: "leakage-near", by: "Ada" }] },
    ]);
    const rest = readLines(decided.paths.review).filter((line) => line.decision === null);
    expect(rest.map(({ kind }) => kind)).toEqual(["leakage-exact", "leakage-group", "format"]);
    const before = readFileSync(decided.paths.review, "utf8");
    expect((await run({ accept: "none" })).clean_rows).toBe(5);
    expect(readFileSync(decided.paths.review, "utf8")).toBe(before);
  });

  it("an edit replaces the text, is checked like any row, and says who and when", async () => {
    const { paths } = await run();
    const [open] = readLines(paths.review);
    const messages = [
      ...ROWS[6]!.messages,
      { role: "assistant", content: "Hello, mail me at x@example.org." },
    ];
    const edit = { ...open, messages, decision: "edit", by: "Ada", at: "2026-04-02" };
    const edited = await run({ decisions: [edit] });
    expect(edited.counts["format"]).toBeUndefined();
    expect(edited.unresolvedErrors).toEqual([]);
    const row = readLines(edited.paths.clean).at(-1);
    expect(row.messages[1].content).toBe("Hello, mail me at [email].");
    expect(row.curation).toEqual({
      from: "../train.jsonl:7",
      done: [
        { action: "edit", by: "Ada", at: "2026-04-02" },
        { action: "mask", kind: "personal-data", by: "safe" },
      ],
    });
    await expect(run({ decisions: [{ ...edit, at: "" }] })).rejects.toThrow(
      /decisions\.jsonl:1: at: an edit needs/,
    );
  });

  it("survive a new export with other ids, another order and more rows; of two equal rows the id tells", async () => {
    const decisions = [decide(ROWS[0]!, "drop"), decide(ROWS[6]!, "drop")];
    const renumbered = [
      chat("n0", "Quite new", "Yes."),
      ...ROWS.map((row, i) => ({ ...row, transcript_id: `n${i + 1}` })).reverse(),
    ];
    const again = await run({ files: [write("again.jsonl", renumbered)], decisions });
    expect(again.staleDecisions).toEqual([]);
    expect(idsOf(again.paths.clean)).not.toContain("n1");
    expect(again.unresolvedErrors).toEqual([]);
    const twins = [chat("a", "Same?", "Same."), chat("b", "Same?", "Same.")];
    const told = await run({ files: [write("twins.jsonl", twins)], decisions: [decide(twins[0]!, "drop")] });
    expect(idsOf(told.paths.clean)).toEqual(["b"]);
  });

  it("on two rows, survive an export in any order: the row that was decided on is dropped or kept", async () => {
    const pairs = Array.from({ length: 6 }, (_, i) => {
      const answer = `Shelf ${i} is by the ${["door", "lift", "till", "stairs", "window", "wall"][i]}, past the second row of tables.`;
      const ask = (please: string) =>
        `Where do I find shelf ${i} of the ${i}th hall${please} when I come on foot?`;
      return [chat(`p${i}`, ask(""), answer), chat(`q${i}`, ask(" please"), answer)];
    }).flat();
    const queue = async (rows: readonly unknown[], decisions: readonly unknown[]) =>
      run({ files: [write("pairs.jsonl", rows)], cases: [], decisions });
    const first = await queue(pairs, []);
    const open = readLines(first.paths.review).filter(({ kind }) => kind === "near-duplicate");
    expect(open).toHaveLength(6);
    const decided = open.map((line, i) => ({ ...line, decision: i % 2 ? "reject" : "accept", by: "ada" }));
    const again = await queue([...pairs].reverse(), decided);
    const found = again.findings.filter(({ kind }) => kind === "near-duplicate");
    expect(found.map(({ decided_by }) => decided_by)).toEqual(Array(6).fill("ada"));
    expect(again.staleDecisions).toEqual([]);
    expect(idsOf(again.paths.clean).sort()).toEqual(["p0", "p1", "p2", "p3", "p4", "p5", "q1", "q3", "q5"]);
  });

  it("name a row by file and line; the hash is filled in and holds when the row moves", async () => {
    const review = write("by-line.jsonl", [{ row: "moved.jsonl:1", decision: "drop", by: "ada" }]);
    const rows = [chat("a", "First?", "One."), chat("b", "Second?", "Two.")];
    const named = await run({ files: [write("moved.jsonl", rows)], cases: [], review });
    expect(idsOf(named.paths.clean)).toEqual(["b"]);
    expect(readLines(review)[0]).toMatchObject({
      row: "moved.jsonl:1",
      transcript_id: "a",
      content_sha256: expect.stringMatching(/^[0-9a-f]{64}$/),
    });
    const moved = await run({ files: [write("moved.jsonl", [...rows].reverse())], cases: [], review });
    expect(idsOf(moved.paths.clean)).toEqual(["b"]);
    const wrong = write("wrong.jsonl", [{ row: "moved.jsonl:9", decision: "drop", by: "ada" }]);
    await expect(run({ files: [write("moved.jsonl", rows)], cases: [], review: wrong })).rejects.toThrow(
      /wrong\.jsonl:1: row moved\.jsonl:9 is no row/,
    );
  });

  it("the same input gives the same bytes", async () => {
    const bytes = (paths: object) => Object.values(paths).map((path) => readFileSync(path as string, "utf8"));
    const first = bytes((await run()).paths);
    expect(bytes((await run()).paths)).toEqual(first);
  });
});

describe("what a task adds", () => {
  it("its own personal data are masked by their label", async () => {
    const files = [write("own.jsonl", [chat("o1", "About frame FR·88 here", "Thanks, FR·88 it is.")])];
    const { paths } = await run({ files, personal: { frame: "FR·\\d+" } });
    expect(readLines(paths.clean)[0].messages[0].content).toBe("About frame [frame] here");
  });

  it("labels: equal texts of different classes conflict, and a rare class is named", async () => {
    const path = join(folder, "labels.csv");
    const many = Array.from({ length: 30 }, (_, i) => `question number ${i} on wheel ${i * 7},wheels`);
    writeFileSync(
      path,
      `text,label\n${many.join("\n")}\nwhere is the pump for the wheel,pumps\nWhere is the pump for the wheel?,wheels\n`,
    );
    const { findings } = await run({ files: [path], groupKey: undefined, cases: [] });
    const found = findings.filter(({ kind }) => kind !== "length");
    expect(found.map(({ kind, line }) => [kind, line])).toEqual([
      ["conflict", 32],
      ["balance", 32],
    ]);
    expect(found[0]!.evidence).toContain("says pumps where");
  });

  it("rows longer than a sequence: an error where the cut takes what is trained on", async () => {
    // One token a character; turns end with "|".
    const tokenizer: RowTokenizer = {
      encode: (text) => [...String(text)].map((sign) => sign.codePointAt(0)!),
      encodeWhole: (text) => tokenizer.encode(text),
      decode: (ids) => String.fromCodePoint(...ids),
      renderChat: (messages, { addGenerationPrompt }) =>
        new RenderedChat(
          messages.map(({ role, content }) => `${role === "assistant" ? ":" : ""}${content}|`).join("") +
            (addGenerationPrompt ? ":" : ""),
        ),
      answerMarkup: (content) => content,
      controlIn: () => undefined,
      endOfTurnIds: ["|".codePointAt(0)!],
      eosIds: [0],
      bosId: undefined,
    };
    const rows = [chat("s", "short", "a"), chat("q", "q".repeat(40), "a"), chat("a", "q", "a".repeat(40))];
    const files = [write("tokens.jsonl", rows)];
    const { findings } = await run({ files, cases: [], tokens: { tokenizer, maxLength: 20 } });
    expect(
      findings.filter(({ kind }) => kind === "truncation").map(({ line, severity }) => [line, severity]),
    ).toEqual([
      [2, "warning"],
      [3, "error"],
    ]);
  });
});
