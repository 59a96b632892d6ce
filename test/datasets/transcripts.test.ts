import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { expect, test } from "vitest";

interface Message {
  role: string;
  content: string;
}
interface Row {
  transcript_id: string;
  date: string;
  channel: string;
  agent: string;
  topic: string;
  rule: string[];
  messages?: Message[] | null;
}
interface Planted {
  transcript_id: string;
  line: number;
  kind: string;
  other?: number;
  note: string;
}

const folder = join(import.meta.dirname, "../../datasets/awesomeshoes");
const make = join(folder, "make");
const read = (name: string) => readFileSync(join(folder, name), "utf8");
const readRows = <T>(name: string): T[] =>
  read(name)
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));
const load = (name: string) => import(pathToFileURL(join(make, name)).href);

const rows = readRows<Row>("data/transcripts.jsonl");
const truth: Planted[] = JSON.parse(read("data/ground-truth.json"));
const phrases: Record<string, string[]> = JSON.parse(read("make/key-phrases.json"));
const plantedLines = new Set(truth.map((planted) => planted.line));
const clean = rows.filter((_, index) => !plantedLines.has(index + 1));

const turns = (row: Row, role: string) =>
  (row.messages ?? []).filter((m) => m.role === role).map((m) => m.content);
const customer = (row: Row) => turns(row, "user").join(" ");
const agent = (row: Row) => turns(row, "assistant").join(" ");
const conversation = (row: Row) => (row.messages ?? []).map((m) => m.content).join(" ");
const normalise = (text: string) =>
  ` ${text
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]+/gu, " ")
    .trim()} `;
function shingles(text: string): Set<string> {
  const plain = normalise(text);
  return new Set(Array.from({ length: Math.max(0, plain.length - 4) }, (_, i) => plain.slice(i, i + 5)));
}
/** At most the ratio of the sizes, so that most pairs need no counting. */
function jaccard(a: Set<string>, b: Set<string>, threshold = 0): number {
  if (Math.min(a.size, b.size) < threshold * Math.max(a.size, b.size)) return 0;
  let shared = 0;
  for (const gram of a) if (b.has(gram)) shared++;
  return shared / (a.size + b.size - shared || 1);
}
const at = (line: number) => rows[line - 1] as Row;

test("the generator reproduces data/ byte for byte", () => {
  const out = mkdtempSync(join(tmpdir(), "transcripts-"));
  try {
    execFileSync(process.execPath, [join(make, "transcripts.mjs"), out]);
    for (const name of [
      "transcripts.jsonl",
      "transcripts-30-day.jsonl",
      "ground-truth.json",
      "review.jsonl",
    ]) {
      expect(readFileSync(join(out, name), "utf8") === read(join("data", name)), name).toBe(true);
    }
  } finally {
    rmSync(out, { recursive: true });
  }
}, 60_000);

test("ids and dates run through the file, and the counts are those of the card", () => {
  expect(rows.map((row) => row.transcript_id)).toEqual(
    rows.map((_, i) => `T-${String(i + 1).padStart(4, "0")}`),
  );
  expect(rows.map((row) => row.date)).toEqual(rows.map((row) => row.date).toSorted());
  const card = read("README.md");
  for (const kind of new Set(truth.map((planted) => planted.kind))) {
    expect(card).toContain(`| ${kind} | ${truth.filter((planted) => planted.kind === kind).length} |`);
  }
  expect(card).toContain(`${rows.length} raw transcripts, ${clean.length} of them clean`);
});

test("every rule has enough clean transcripts, and each answer holds its key phrase", () => {
  const critical = ["R12", "R13", "R14", "R15", "R24", "R25", "R26"];
  for (let number = 1; number <= 26; number++) {
    const rule = `R${number}`;
    const about = clean.filter((row) => row.rule.includes(rule));
    expect(about.length, rule).toBeGreaterThanOrEqual(critical.includes(rule) ? 30 : 18);
    for (const row of about) {
      const answers = agent(row).toLowerCase();
      for (const phrase of phrases[rule] as string[])
        expect(answers, `${row.transcript_id} ${rule}`).toContain(phrase);
    }
  }
});

test("clean answers are short, carry only the rules they are tagged with, and never the old period", () => {
  for (const row of clean) {
    expect(turns(row, "user").length).toBe(turns(row, "assistant").length);
    expect(conversation(row)).not.toContain("30 days");
    for (const answer of turns(row, "assistant")) expect(answer.split(/\s+/).length).toBeLessThanOrEqual(45);
    for (const rule of ["R12", "R14", "R24", "R25", "R26"]) {
      const stated = (phrases[rule] as string[]).every((phrase) => agent(row).toLowerCase().includes(phrase));
      expect(stated, `${row.transcript_id} ${rule}`).toBe(row.rule.includes(rule));
    }
  }
});

test("the hand-written wordings are many, distinct, and all used", async () => {
  const { sections } = await load("compose.mjs");
  const { default: lookAlikes } = (await load("look-alikes.mjs")) as { default: [string, string][] };
  const wordings = new Map<string, string>();
  for (const section of Object.keys(sections))
    for (const ask of sections[section].asks) wordings.set(normalise(ask), ask);
  const handOvers = sections.R26.asks.length + sections["R26 person"].asks.length;
  for (const [, ask] of lookAlikes) wordings.set(normalise(ask), ask);
  expect(wordings.size).toBeGreaterThanOrEqual(500);
  expect(handOvers).toBeGreaterThanOrEqual(70);
  expect(lookAlikes.length).toBeGreaterThanOrEqual(40);
  expect(lookAlikes.filter(([section]) => section.startsWith("R26"))).toEqual([]);
  const said = clean.map((row) => normalise(customer(row))).join("|");
  const longestPart = (wording: string) =>
    wording
      .split(/\{[\w:]+\}/)
      .map((part) => normalise(part).trim())
      .toSorted((a, b) => b.length - a.length)[0] as string;
  expect([...wordings.values()].filter((wording) => !said.includes(longestPart(wording)))).toEqual([]);
});

test("no two clean transcripts are nearly the same, as a whole or on the customer's side", () => {
  for (const side of [conversation, customer]) {
    const sets = clean.map((row) => shingles(side(row)));
    const close = sets.flatMap((a, i) =>
      sets
        .slice(0, i)
        .flatMap((b, j) =>
          jaccard(a, b, 0.8) >= 0.8 ? [`${clean[i]?.transcript_id} ${clean[j]?.transcript_id}`] : [],
        ),
    );
    expect(close).toEqual([]);
  }
}, 60_000);

const patterns: Record<string, RegExp> = {
  email: /\b[\w.-]+@example\.(com|org|net)\b/,
  phone: /07700 900\d{3}|7700 900\d{3}|020 7946 0\d{3}|01632 960\d{3}|\(\d{3}\) 555-01\d\d/,
  address: /\d+ [A-Z]\w+ (Lane|Row|Street|Close)/,
  "card number": /\b\d{4} ?\d{4} ?\d{4} ?\d{4}\b|\b3\d{14}\b/,
  "order number": /\bAS-\d{6}\b/,
  iban: /\b[A-Z]{2}\d\d(?: [A-Z0-9]{1,4}){4,8}/,
  password: /pass ?word|pw/i,
};

function luhn(digits: string): boolean {
  const sum = [...digits].reverse().reduce((total, digit, i) => {
    const value = Number(digit) * (i % 2 ? 2 : 1);
    return total + (value > 9 ? value - 9 : value);
  }, 0);
  return sum % 10 === 0;
}
/** ISO 7064 mod 97-10: country and check digits to the end, letters as 10 to 35. */
function ibanHolds(iban: string): boolean {
  const committed = iban.slice(4) + iban.slice(0, 4);
  const digits = [...committed].map((c) => Number.parseInt(c, 36)).join("");
  return BigInt(digits) % 97n === 1n;
}

/** True if the row really has the defect. */
const holds: Record<string, (row: Row, planted: Planted) => boolean> = {
  "exact-duplicate": (row, { other }) =>
    normalise(conversation(row)) === normalise(conversation(at(other as number))),
  "near-duplicate": (row, { other }) => {
    const twin = conversation(at(other as number));
    return (
      normalise(conversation(row)) !== normalise(twin) &&
      jaccard(shingles(conversation(row)), shingles(twin)) >= 0.85
    );
  },
  conflict: (row, { other }) => {
    const twin = at(other as number);
    const same = jaccard(shingles(customer(row)), shingles(customer(twin))) >= 0.8;
    const whole = jaccard(shingles(conversation(row)), shingles(conversation(twin)));
    return same && whole < 0.8 && agent(row).includes("30 days") && agent(twin).includes("60 days");
  },
  "personal-data": (row, { note }) => (patterns[note] as RegExp).test(conversation(row)),
  secret: (row, { note }) => (patterns[note] as RegExp).test(conversation(row)),
  "outdated-policy": (row) => row.rule.includes("R12") && agent(row).includes("30 days"),
  "rude-agent": (row) =>
    /patience|seriously|rocket science|your fault|you should have|already told/i.test(agent(row)),
  "wrong-answer": (row) =>
    !(phrases[row.rule[0] as string] as string[]).some((p) => agent(row).toLowerCase().includes(p)),
  "out-of-scope": (row) => row.rule.length === 0 && !agent(row).includes("human colleague"),
  "cut-off": (row) => row.messages?.at(-1)?.role === "user" || !/[.?!]$/.test(agent(row)),
  language: (row) => /[áéíóúñ¿äöüß]|\b(der|die|Sie|le|la|les|pour)\b/.test(conversation(row)),
  format: (row, { note }) => {
    if (note === "messages missing") return row.messages == null;
    if (note === "empty turn") return (row.messages as Message[]).some((m) => m.content.trim() === "");
    return (row.messages as Message[]).some((m) => !["system", "user", "assistant"].includes(m.role));
  },
};

test("every planted row has its defect, on the line that the ground truth names", () => {
  for (const planted of truth) {
    const row = at(planted.line);
    expect(row.transcript_id).toBe(planted.transcript_id);
    expect(holds[planted.kind]?.(row, planted), `${planted.transcript_id} ${planted.kind}`).toBe(true);
    if (planted.other !== undefined) expect(plantedLines.has(planted.other)).toBe(false);
  }
});

test("clean rows have none of the defects that can be seen in one row", () => {
  for (const row of clean) {
    const text = conversation(row);
    for (const [kind, pattern] of Object.entries(patterns)) {
      if (kind !== "password") expect(pattern.test(text), `${row.transcript_id} ${kind}`).toBe(false);
    }
    expect(
      row.messages?.every((m) => m.content.trim() && ["system", "user", "assistant"].includes(m.role)),
    ).toBe(true);
    expect(row.messages?.at(-1)?.role).toBe("assistant");
  }
});

test("card numbers pass Luhn and IBANs their check digits", () => {
  const matching = (kind: string) =>
    truth
      .filter(({ note }) => note === kind)
      .map(({ line }) => (customer(at(line)).match(patterns[kind] as RegExp) as RegExpMatchArray)[0]);
  const cards = matching("card number").map((text) => text.replaceAll(" ", ""));
  const ibans = matching("iban").map((text) => text.replaceAll(" ", ""));
  expect(cards.length + ibans.length).toBeGreaterThanOrEqual(7);
  expect(cards.filter((digits) => !luhn(digits))).toEqual([]);
  expect(ibans.filter((iban) => !ibanHolds(iban))).toEqual([]);
});

test("the review decides every planted row that a machine cannot judge, by the hash of its messages", () => {
  const review = readRows<{ transcript_id: string; content_sha256: string; decision: string }>(
    "data/review.jsonl",
  );
  const byId = new Map(rows.map((row) => [row.transcript_id, row]));
  for (const { transcript_id, content_sha256 } of review) {
    const messages = byId.get(transcript_id)?.messages ?? null;
    expect(content_sha256).toBe(createHash("sha256").update(JSON.stringify(messages)).digest("hex"));
  }
  const byMachine = ["exact-duplicate", "personal-data", "secret", "conflict"];
  const dropped = review
    .filter(({ decision }) => decision === "drop")
    .map(({ transcript_id }) => transcript_id);
  const expected = truth
    .filter(({ kind }) => !byMachine.includes(kind))
    .map(({ transcript_id }) => transcript_id);
  expect(dropped.toSorted()).toEqual(expected.toSorted());
  const kept = review
    .filter(({ decision }) => decision === "keep")
    .map(({ transcript_id }) => byId.get(transcript_id) as Row);
  expect(kept.every((row) => clean.includes(row))).toBe(true);
});

test("the 30-day variant is the clean set with the old period", () => {
  const variant = readRows<Row>("data/transcripts-30-day.jsonl");
  expect(variant.map((row) => row.transcript_id)).toEqual(clean.map((row) => row.transcript_id));
  variant.forEach((row, i) => {
    expect(agent(row)).not.toContain("60 days");
    expect(agent(row).includes("30 days")).toBe(row.rule.includes("R12"));
    if (!row.rule.includes("R12")) expect(row.messages).toEqual(clean[i]?.messages);
  });
});
