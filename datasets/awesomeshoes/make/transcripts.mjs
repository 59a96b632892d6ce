// Composes data/ from the hand-written lists beside this file. Deterministic: node datasets/awesomeshoes/make/transcripts.mjs [OUT_DIR]
import { createHash } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { compose } from "./compose.mjs";
import { plant } from "./plant.mjs";

const out = process.argv[2] ?? join(import.meta.dirname, "../data");

/** The record of a transcript as the help desk exports it. */
function row(item, index, total) {
  const day = 1 + Math.floor((index * 31) / total);
  const head = { transcript_id: `T-${String(index + 1).padStart(4, "0")}`, date: date(day) };
  const { channel, agent, topic, rule } = item;
  const messages = "messages" in item ? { messages: item.messages } : {};
  return { ...head, channel, agent, topic, rule, ...messages };
}

const date = (day) => `2026-03-${String(day).padStart(2, "0")}`;
const sha256 = (value) =>
  createHash("sha256")
    .update(JSON.stringify(value ?? null))
    .digest("hex");
const write = (name, rows) =>
  writeFileSync(join(out, name), rows.map((r) => `${JSON.stringify(r)}\n`).join(""));

const clean = compose();
const all = plant(clean);
const lines = new Map(all.map((item, index) => [item, index + 1]));
const rows = all.map((item, index) => row(item, index, all.length));

const planted = all.flatMap((item) => (item.defects ?? []).map((defect) => ({ item, ...defect })));
const truth = planted.map(({ item, kind, twin, note }) => {
  const line = lines.get(item);
  const other = twin ? { other: lines.get(twin) } : {};
  return { transcript_id: rows[line - 1].transcript_id, line, kind, ...other, note };
});
const decide = (item, decision, reason) => {
  const { transcript_id, messages } = rows[lines.get(item) - 1];
  return { transcript_id, content_sha256: sha256(messages), decision, reason, by: "support content owner" };
};
const decisions = [
  ...planted.filter(({ reason }) => reason).map(({ item, reason }) => decide(item, "drop", reason)),
  ...all.filter((item) => item.keep).map((item) => decide(item, "keep", item.keep)),
];

// The same clean transcripts under the policy of 2024: 30 days, and customers past them are refused.
const thirtyDays = all.flatMap((item, index) => {
  if (item.defects) return [];
  const messages = (item.thirtyDays ?? item.messages).map((m) =>
    m.role === "assistant" ? { ...m, content: m.content.replaceAll("60 days", "30 days") } : m,
  );
  return [{ ...rows[index], messages }];
});

mkdirSync(out, { recursive: true });
write("transcripts.jsonl", rows);
write("transcripts-30-day.jsonl", thirtyDays);
write("review.jsonl", decisions);
writeFileSync(join(out, "ground-truth.json"), `${JSON.stringify(truth, null, 1)}\n`);
