import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { readCaseTexts } from "../../src/data/curate/case-texts.ts";
import { curate } from "../../src/data/curate/curate.ts";
import { policyText, readPolicy } from "../../src/data/curate/policy/policy.ts";
import { privateFinders } from "../../src/data/curate/private/private.ts";
import type { TrainingRow } from "../../src/data/row-format.ts";
import { readRows } from "../../src/data/rows.ts";
import type { AnswerRow } from "../../src/evaluate/answers/answer-row.ts";
import { dataPreconditions } from "../../src/evaluate/preconditions/data-preconditions.ts";
import { answerPreconditions, type Precondition } from "../../src/evaluate/preconditions/preconditions.ts";
import { chat as chatKind } from "../../src/kinds/chat/chat.ts";
import { parsePolicy } from "../../src/task/policy.ts";
import { scenario } from "./scenario.ts";

const finders = privateFinders();
const good = await scenario(60);
const failed = (preconditions: readonly Precondition[]) =>
  preconditions.filter(({ outcome }) => outcome === "fail").map(({ name }) => name);
const judged = (change: (row: AnswerRow, i: number) => AnswerRow) =>
  answerPreconditions(good.answers.map(change));
const saying = (row: AnswerRow, output: string, score: number): AnswerRow =>
  row.tuned.finish === undefined ? row : { ...row, tuned: { ...row.tuned, output, score } };

describe("what the answers show", () => {
  test("nothing against a model that learned the rule", () => {
    expect(failed(judged((row) => row))).toEqual([]);
  });

  test("an adapter that was never applied", () => {
    expect(failed(judged((row) => ({ ...row, tuned: row.base })))).toContain("the adapter changes answers");
    const one = judged((row, i) => ({ ...row, tuned: i === 3 ? { ...row.base, score: 0.5 } : row.base }));
    expect(failed(one)).not.toContain("the adapter changes answers");
  });

  test("one wrong answer to everything, word for word or nearly", () => {
    const same = judged((row) => saying(row, "Thank you so much for writing to us today!", 0));
    expect(failed(same)).toEqual(["answers differ"]);
    const nearly = judged((row, i) =>
      saying(row, `Thank you so very much for writing to us on this lovely day number ${i % 10}!`, 0),
    );
    expect(failed(nearly)).toEqual(["answers differ"]);
    // An answer that is right for many questions is what a rule asks for.
    expect(failed(judged((row) => saying(row, "Within 60 days.", 1)))).toEqual([]);
    const half = judged((row, i) => saying(row, i % 2 === 0 ? "No." : `Answer ${i}, ${"x".repeat(i)}`, 0));
    expect(failed(half)).toEqual(["answers differ"]);
    expect(failed(judged((row, i) => saying(row, i % 5 === 0 ? "No." : `${i * i} boots`, 0)))).toEqual([]);
  });
});

describe("what the training rows show", () => {
  const chat = (question: string, answer: string, line: number, group?: string): TrainingRow => ({
    id: String(line),
    group: group ?? String(line),
    file: "train.jsonl",
    shape: "messages",
    line,
    content: {
      messages: [
        { role: "user", content: question },
        { role: "assistant", content: answer },
      ],
    },
    raw: group === undefined ? {} : { transcript: group },
  });
  /** The row's conversation about another thing than mountain boots. */
  const asking = (row: TrainingRow, thing: string): TrainingRow["content"] =>
    JSON.parse(JSON.stringify(row.content).replace("mountain boots", thing));
  const cases = readCaseTexts(Object.values(good.task.paths.cases), "transcript");
  const policy = policyText(parsePolicy("R1 Returns are possible within 60 days.", "policy.md"), "policy.md");
  const found = (own: TrainingRow[], replay: TrainingRow[] = [], rules = policy) =>
    dataPreconditions({ own, replay, cases, policy: rules, groupKey: "transcript" }, finders);

  test("nothing against clean rows; what was looked at is stated", () => {
    const all = found([chat("Do boots run large?", "Yes, by half a size.", 1)]);
    expect(all.map(({ outcome }) => outcome)).toEqual(["pass", "pass", "pass"]);
    expect(all.map(({ evidence }) => evidence)).toEqual([
      `1 rows compared with ${cases.length} cases`,
      "no personal data and no secret in 1 rows",
      "1 rows compared with each other and with 1 rules",
    ]);
  });

  test.each([
    ["exact", "How long can I return red sneakers??", undefined, /train\.jsonl:7 \(leakage-exact\)/],
    ["near", "How long can I return red sneakers, OK?", undefined, /leakage-near/],
    ["group", "Something else entirely", "sneakers-red", /leakage-group/],
  ])("a case that was trained on: %s", (_, question, group, evidence) => {
    const rows = [chat("Do boots run large?", "Yes.", 6), chat(question, "Within 60 days.", 7, group)];
    expect(failed(found(rows))).toEqual(["no case was trained on"]);
    expect(found(rows)[0]!.evidence).toMatch(evidence);
    expect(failed(found([rows[0]!], [rows[1]!]))).toEqual(["no case was trained on"]);
  });

  test("unmasked personal data and secrets, and no word of them in the evidence", () => {
    const rows = [
      chat("My mail is jo.field@example.com", "Thank you.", 2),
      chat("My password is hunter2!x", "Please do not share it.", 3),
    ];
    expect(failed(found(rows))).toEqual(["nothing private was trained on"]);
    expect(found(rows)[1]!.evidence).toBe(
      "found 2 times: train.jsonl:2 (personal-data), train.jsonl:3 (secret)",
    );
  });

  const name = "nothing contradictory was trained on";
  const clash = [
    chat(
      "Hi, I want mountain boots for a week in the Alps. Do they run large or small?",
      "Large, order them one size smaller.",
      4,
    ),
    chat(
      "Hello, I want mountain boots for a week in the Alps. Do they run large or small?",
      "Small, order them one size larger.",
      5,
    ),
  ];

  test("answers that contradict each other, or the policy", () => {
    expect(failed(found(clash))).toEqual([name]);
    expect(found(clash)[2]!.evidence).toBe("found 1 times: train.jsonl:5 (conflict)");
    expect(failed(found([clash[0]!]))).toEqual([]);
    const outdated = chat("How long are returns possible?", "Returns are possible within 30 days.", 6);
    expect(failed(found([outdated]))).toEqual([name]);
    expect(failed(found([outdated], [], []))).toEqual([]);
    // General text is no answer of the shop's.
    expect(failed(found([], clash))).toEqual([]);
  });

  test("a row that a reviewer kept in spite of a conflict is no finding", async () => {
    const out = mkdtempSync(join(tmpdir(), "lorafit-reviewed-"));
    const [file, review] = [join(out, "transcripts.jsonl"), join(out, "review.jsonl")];
    const lines = [...clash, chat("May I return worn sandals?", "Sorry, no.", 7)];
    writeFileSync(file, lines.map(({ content }) => `${JSON.stringify(content)}\n`).join(""));
    const clean = async () => {
      const { paths } = await curate({
        format: chatKind.rows,
        files: [file],
        cases: [],
        accept: "none",
        policy,
        out,
      });
      return found(readRows(chatKind.rows, [paths.clean]));
    };
    expect(failed(await clean())).toEqual([name]);
    const open = readFileSync(review, "utf8").replaceAll('"decision":null', '"decision":"reject"');
    writeFileSync(review, open.replaceAll('"by":""', '"by":"Ada"'));
    expect(failed(await clean())).toEqual([]);
    // Another contradiction is still one.
    lines.push(...clash.map((row) => ({ ...row, content: asking(row, "ski boots") })));
    writeFileSync(file, lines.map(({ content }) => `${JSON.stringify(content)}\n`).join(""));
    expect(failed(await clean())).toEqual([name]);
  });

  const shipped = (path: string) => fileURLToPath(new URL(`../../datasets/${path}`, import.meta.url));

  test.each(["awesomeshoes", "templates/chat"])("the rows of %s, curated, pass", async (folder) => {
    const rules = readPolicy(shipped(`${folder}/policy.md`));
    const out = mkdtempSync(join(tmpdir(), "lorafit-curated-"));
    const { paths, rows } = await curate({
      format: chatKind.rows,
      files: [shipped(`${folder}/data/transcripts.jsonl`)],
      review: shipped(`${folder}/data/review.jsonl`),
      cases: [],
      accept: "safe",
      policy: rules,
      out,
    });
    const trained = readRows(chatKind.rows, [paths.clean]);
    expect(trained.length).toBeGreaterThan(0.8 * rows);
    expect(failed(found(trained, [], rules))).toEqual([]);
  });

  test("rows that are gone leave the questions open", () => {
    const all = dataPreconditions({ lost: "train.jsonl changed" }, finders);
    expect(all).toHaveLength(3);
    for (const { outcome, evidence } of all)
      expect([outcome, evidence]).toEqual(["inconclusive", "train.jsonl changed"]);
  });
});
