import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { TrainingRow } from "../../src/data/row-format.ts";
import { ground, groundRows } from "../../src/grounding/ground.ts";
import {
  buildIndex,
  type GroundingSettings,
  groundingText,
  openGrounding,
  writeGrounding,
} from "../../src/grounding/grounding-index.ts";
import { articlePassages, policyPassages, transcriptPassages } from "../../src/grounding/passages.ts";
import { chat } from "../../src/kinds/chat/chat.ts";

const settings = (changes: Partial<GroundingSettings> = {}): GroundingSettings => ({
  from: "transcripts",
  top: 3,
  where: "system",
  ...changes,
});
const folder = (): string => mkdtempSync(join(tmpdir(), "lorafit-grounding-"));
const file = (name: string, text: string): string => {
  const path = join(folder(), name);
  writeFileSync(path, text);
  return path;
};
const row = (id: string, group: string, ...turns: string[]): TrainingRow => ({
  id,
  group,
  file: "train.jsonl",
  line: 1,
  shape: "messages",
  raw: {},
  content: {
    messages: turns.map((content, i) => ({
      role: i % 2 === 0 ? ("user" as const) : ("assistant" as const),
      content,
    })),
  },
});
const rows = [
  row("a", "g1", "Can I return worn boots?", "Worn boots cannot be returned."),
  row("b", "g1", "Can I return boots that I wore?", "Not once they were worn."),
  row("c", "g2", "can i return worn boots", "No, worn boots stay with you."),
  row("d", "g3", "Can I return boots in a torn box?", "Yes, the box does not matter."),
  row("e", "g4", "When does the shop open?", "At nine."),
];
const everything = () => true;
const textOf = ({ content }: TrainingRow): string =>
  "text" in content ? content.text : content.messages.map((message) => message.content).join("\n");

test("rules, in the order of their likeness, follow the conversation's own system message", () => {
  const policy =
    "# Rules\nR1 Boots can be returned within 60 days.\nR2 (critical) Refunds need a receipt.\nR3 Gift cards expire.\n";
  const index = buildIndex(policyPassages(policy, "policy.md"), settings({ from: "policy", top: 2 }));
  const question = { role: "user" as const, content: "Do I need the receipt for refunds of boots?" };
  const expected = "1. R2 Refunds need a receipt.\n2. R1 Boots can be returned within 60 days.";
  expect(ground([question], index).messages).toEqual([{ role: "system", content: expected }, question]);
  expect(ground([{ role: "system", content: "Be brief." }, question], index).messages).toEqual([
    { role: "system", content: `Be brief.\n\n${expected}` },
    question,
  ]);
});

test("a training row never sees its own answer, its group's, or that of a near duplicate", () => {
  const index = buildIndex(transcriptPassages(chat.rows, rows), settings());
  const { rows: grounded } = groundRows(rows, index, everything);
  const [first] = grounded;
  // a: b is of its group, c asks the same in other characters.
  expect(textOf(first!)).toBe(
    "1. Yes, the box does not matter.\n2. At nine.\nCan I return worn boots?\nWorn boots cannot be returned.",
  );
  for (const [i, { content }] of grounded.entries()) {
    const [system] = "text" in content ? [] : content.messages;
    for (const other of rows.filter(({ group }) => group === rows[i]!.group))
      for (const { answer } of chat.rows.questionsOf(other)) expect(system!.content).not.toContain(answer);
  }
  // Served, the same question finds them.
  const served = ground([{ role: "user", content: "Can I return worn boots?" }], index);
  expect(served.passages[0]!.text).toBe("Worn boots cannot be returned.");
});

test("each trained answer of a conversation has passages of its own question", () => {
  const long = row("f", "g9", "Can I return boots?", "Yes.", "When do you open?", "At eight.");
  const index = buildIndex(transcriptPassages(chat.rows, rows), settings({ top: 1 }));
  const { rows: grounded } = groundRows([long], index, everything);
  expect(grounded.map(({ id, group }) => [id, group])).toEqual([
    ["f#1", "g9"],
    ["f#2", "g9"],
  ]);
  expect(grounded[1]!.content).toEqual({
    messages: [
      { role: "system", content: "1. At nine." },
      { role: "user", content: "Can I return boots?" },
      { role: "assistant", content: "Yes.", trained: false },
      { role: "user", content: "When do you open?" },
      { role: "assistant", content: "At eight." },
    ],
  });
});

test("a plain text stays as it is", () => {
  const text: TrainingRow = { ...row("t", "t"), content: { text: "Boots were made for walking." } };
  const index = buildIndex(transcriptPassages(chat.rows, rows), settings());
  expect(groundRows([text], index, everything).rows).toEqual([text]);
});

test("passages are dropped from the end until the prompt fits; the question is kept", () => {
  const index = buildIndex(transcriptPassages(chat.rows, rows), settings());
  const question = { role: "user" as const, content: "Can I return boots in a torn box?" };
  const within = (length: number) =>
    ground([question], index, {
      fits: (messages) => messages.map(({ content }) => content).join("").length <= length,
    });
  const whole = within(1000);
  expect(whole.dropped).toBe(0);
  const shorter = within(question.content.length + 40);
  expect(shorter.passages).toEqual(whole.passages.slice(0, 1));
  expect(shorter.dropped).toBe(2);
  expect(within(3)).toEqual({ messages: [question], passages: [], dropped: 3 });
});

test("equal texts are one passage, and ties keep the order of the index", () => {
  const passages = ["x", "y", "x"].map((text, i) => ({ id: String(i), text, question: "the same question" }));
  const index = buildIndex(passages, settings());
  expect(index.nearest("the same question").map(({ id }) => id)).toEqual(["0", "1"]);
});

test("grounding.json alone gives the prompts of training, byte for byte, and holds no group", () => {
  const built = buildIndex(transcriptPassages(chat.rows, rows), settings());
  const [one, two] = [folder(), folder()];
  writeGrounding(one, built);
  const opened = openGrounding(one);
  writeGrounding(two, opened);
  const text = readFileSync(join(one, "grounding.json"), "utf8");
  expect(readFileSync(join(two, "grounding.json"), "utf8")).toBe(text);
  expect(text).toBe(groundingText(buildIndex(transcriptPassages(chat.rows, rows), settings())));
  expect(text).not.toContain("g1");
  for (const content of ["boots?", "opening hours of the shop", "☃"])
    expect(ground([{ role: "user", content }], opened).messages).toEqual(
      ground([{ role: "user", content }], built).messages,
    );
});

test("a missing, damaged or foreign grounding.json is one clear error", () => {
  expect(() => openGrounding(folder())).toThrow(/there is no index here/);
  const damaged = file("grounding.json", '{"version":1}');
  expect(() => openGrounding(join(damaged, ".."))).toThrow(/is damaged: .*settings/);
  const index = buildIndex([{ id: "1", text: "boots" }], settings());
  const foreign = file("grounding.json", groundingText(index).replace(/hashed-ngrams-\d+/, "other-9"));
  expect(() => openGrounding(join(foreign, ".."))).toThrow(/was made with other-9/);
});

test("articles are JSONL rows, or the paragraphs and list items of markdown below their headings", () => {
  const lines = '{"id":"k1","title":"Boots","text":"Wax them."}\n{"text":"Open at nine."}\n';
  expect(articlePassages(file("a.jsonl", lines))).toEqual([
    { id: "k1", text: "Boots: Wax them." },
    { id: "line-2", text: "Open at nine." },
  ]);
  const markdown =
    "# Care\n\nWax boots\nmonthly.\n\n## Suede\n- Brush it.\n- Keep it dry.\n\n# Hours\n1. Nine to five.\n";
  expect(articlePassages(file("a.md", markdown))).toEqual([
    { id: "line-3", text: "Care: Wax boots monthly." },
    { id: "line-7", text: "Care, Suede: Brush it." },
    { id: "line-8", text: "Care, Suede: Keep it dry." },
    { id: "line-11", text: "Hours: Nine to five." },
  ]);
});

test("every bad line of the articles is listed; a file without a passage is refused", () => {
  const bad = file("bad.jsonl", '{"text":"a","id":1}\n{"title":"x"}\n{"text":"b","id":"1"}\n');
  expect(() => articlePassages(bad)).toThrow(/bad\.jsonl:2: text(.|\n)*id 1 is taken/);
  expect(() => articlePassages(file("empty.md", "# Only a heading\n"))).toThrow(/has no passage/);
});
