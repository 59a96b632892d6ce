// Composes the drift reference (March) and two later months of raw customer queries. Deterministic:
// node datasets/awesomeshoes/make/queries.mjs [OUT_DIR]
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { bootsLine, changedRule } from "./boots-queries.mjs";
import { fill, pick, random } from "./compose.mjs";
import ordinaryQueries from "./ordinary-queries.mjs";
import { jaccard, shingles } from "./similarity.mjs";
import * as voices from "./voices.mjs";

const folder = join(import.meta.dirname, "..");
const out = process.argv[2] ?? join(folder, "data");

const lines = (text) => text.trim().split("\n");
const ordinary = lines(ordinaryQueries);
const boots = lines(bootsLine);
const rule = lines(changedRule);

const readRows = (file) =>
  readFileSync(file, "utf8")
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));
const customers = (row) => (row.messages ?? []).filter((m) => m.role === "user").map((m) => m.content);

/** Questions of training rows and cases, to which no query may be a near duplicate. */
const taken = [
  ...readRows(join(folder, "data/transcripts.jsonl")).flatMap(customers),
  ...readdirSync(join(folder, "cases"))
    .filter((name) => name.endsWith(".jsonl"))
    .flatMap((name) => readRows(join(folder, "cases", name)))
    .flatMap((row) => customers(row).at(-1) ?? []),
].map(shingles);
const isTaken = (text) => {
  const own = shingles(text);
  return taken.some(
    (set) =>
      Math.min(own.size, set.size) >= 0.8 * Math.max(own.size, set.size) && jaccard(own, set) >= 0.8,
  );
};

/** Personal data as customers type it; all of it invented, in the ranges kept for fiction. */
const personal = [
  (draw) => `order AS-${100000 + Math.floor(draw() * 900000)}`,
  (draw) => `my number is 07700 900${100 + Math.floor(draw() * 900)}`,
  (draw) => `mail me at ${pick(["j.fenn", "kay_b", "olu.ade", "r.storm"], draw)}${Math.floor(draw() * 90)}@example.com`,
];

/** One slip of the finger inside a word: two letters swapped, one left out, or one doubled. */
function slip(text, draw) {
  const places = [...text.matchAll(/(?<=[a-z])[a-z](?=[a-z]{2})/g)].map((match) => match.index);
  if (places.length === 0) return text;
  const at = pick(places, draw);
  const [before, here, next, after] = [text.slice(0, at), text[at], text[at + 1], text.slice(at + 2)];
  const kind = draw();
  if (kind < 0.4) return before + next + here + after;
  return kind < 0.7 ? before + next + after : before + here + here + next + after;
}

function question(wordings, draw) {
  const wording = pick(wordings, draw);
  return fill(wording, /\{p\}/.test(wording) ? "any" : "sneaker", draw, draw() < 0.25);
}

/** A query as it comes in: now and then a mail, two questions in one, small letters only, slips, and personal data. */
function query(wordings, draw) {
  let text = question(wordings, draw);
  if (draw() < 0.08) text = `${/[.?!)]$/.test(text) ? text : `${text}.`} ${question(ordinary, draw)}`;
  if (draw() < 0.08) {
    const aside = draw() < 0.5 ? ` ${pick(voices.asides, draw)}` : "";
    text = `${pick(voices.greetings.email, draw)}\n${text}${aside}\n${pick(voices.partings.email, draw)}`;
  }
  if (draw() < 0.03) text = `${text} ${pick(personal, draw)(draw)}`;
  else if (draw() < 0.12) text = text.toLowerCase();
  if (draw() < 0.1) text = slip(text, draw);
  return text;
}

/** `parts`: lists of wordings with their shares of the month. */
function month(year, number, days, count, seed, parts) {
  const draw = random(seed);
  const rows = [];
  while (rows.length < count) {
    let place = draw();
    const { wordings } = parts.find(({ share }) => (place -= share) < 0) ?? parts[0];
    const text = query(wordings, draw);
    const day = String(1 + Math.floor(draw() * days)).padStart(2, "0");
    if (!isTaken(text)) rows.push({ text, date: `${year}-${String(number).padStart(2, "0")}-${day}` });
  }
  return rows.sort((a, b) => a.date.localeCompare(b.date));
}

const files = {
  "reference.jsonl": month(2026, 3, 31, 800, 2026, [{ wordings: ordinary, share: 1 }]),
  "queries-april.jsonl": month(2026, 4, 30, 900, 404, [{ wordings: ordinary, share: 1 }]),
  "queries-may.jsonl": month(2026, 5, 31, 900, 505, [
    { wordings: ordinary, share: 0.7 },
    { wordings: boots, share: 0.2 },
    { wordings: rule, share: 0.1 },
  ]),
};
mkdirSync(out, { recursive: true });
for (const [name, rows] of Object.entries(files))
  writeFileSync(join(out, name), rows.map((row) => `${JSON.stringify(row)}\n`).join(""));
