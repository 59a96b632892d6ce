import pc from "picocolors";
import { percent } from "../formats/percent.ts";
import type { DueAnswer } from "./due.ts";
import type { DriftResult } from "./result.ts";

/** Rules listed in the table, those that changed most. */
const TOPICS = 5;

export const pText = (p: number): string => (p < 0.001 ? "< 0.001" : p.toFixed(3));
/** Text without control characters, for the terminal. */
const oneLine = (text: string): string => text.replace(/[\p{Cc}\p{Cf}\s]+/gu, " ").trim();

function table(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const widths = head.map((title, i) => Math.max(title.length, ...rows.map((row) => row[i]!.length)));
  return [head, ...rows].map((row) =>
    row
      .map((cell, i) =>
        i === 0 || i === row.length - 1 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!),
      )
      .join("  ")
      .trimEnd(),
  );
}

type Statistic = DriftResult["statistics"][number];

/** Median of the measured quantity with its unit; empty where a single number has no meaning. */
export function middleText({ name }: Statistic, value: number | null): string {
  if (value === null) return "";
  if (name === "length") return `${value.toFixed(0)} characters`;
  return name === "distance" ? value.toFixed(3) : percent(value);
}

/** The effect size with its unit or name. */
export function effectText({ name, effect: { name: what, value } }: Statistic): string {
  if (name === "out-of-scope") return `${value < 0 ? "−" : "+"}${Math.abs(100 * value).toFixed(1)} points`;
  if (name === "words") return `${value} words`;
  const short = {
    length: "Wasserstein",
    distance: "Wasserstein",
    topics: "Jensen-Shannon",
    embeddings: "MMD",
  }[name];
  return `${short ?? what} ${value.toFixed(3)}`;
}

/** Terminal text of the comparison. `colors` switches ANSI colours on. */
export function driftTable(result: DriftResult, colors: boolean): string {
  const paint = pc.createColors(colors);
  const { log, reference, look } = result;
  const period = log.from === null ? "" : ` (${log.from} to ${log.to})`;
  const lines = [
    `${log.queries} queries of ${log.file}${period} against ${reference.queries} of the training period`,
  ];
  if (look !== null) {
    const [head, ...rows] = table(
      ["statistic", "then", "now", "effect", "p", "p (Holm)", ""],
      result.statistics.map((entry) => [
        entry.name,
        middleText(entry, entry.reference),
        middleText(entry, entry.new),
        effectText(entry),
        pText(entry.p),
        pText(entry.p_holm),
        entry.drifted ? "drifted" : "",
      ]),
    );
    lines.push("", paint.dim(head!), ...rows.map((row) => row.replace(/drifted$/, paint.yellow("drifted"))));
    lines.push(
      paint.dim(
        `look ${look.look} at this adapter: p (Holm) of at most ${Number(look.level.toPrecision(2))} counts as drift`,
      ),
    );
  }
  if (result.outcome === "drift") lines.push("", ...whatIsNew(result, paint.dim));
  const outcome = {
    drift: paint.red("found"),
    "no drift": paint.green("none"),
    inconclusive: paint.yellow("inconclusive"),
  }[result.outcome];
  lines.push("", `drift: ${paint.bold(outcome)}${result.reason === null ? "" : `, ${result.reason}`}`);
  return lines.join("\n");
}

function whatIsNew(
  { new_words: words, topics, examples }: DriftResult,
  dim: (text: string) => string,
): string[] {
  const moved = [...topics]
    .sort((a, b) => Math.abs(b.new - b.reference) - Math.abs(a.new - a.reference))
    .slice(0, TOPICS);
  const [wordHead, ...wordRows] = table(
    ["more frequent words", "queries then", "now", ""],
    words.map((entry) => [entry.words, String(entry.reference), String(entry.new), ""]),
  );
  const [topicHead, ...topicRows] = table(
    ["nearest rule", "then", "now", ""],
    moved.map((entry) => [
      entry.rule,
      percent(entry.reference),
      percent(entry.new),
      `${entry.text}${entry.training_examples === 0 ? " (no training example)" : ""}`,
    ]),
  );
  return [
    ...(words.length === 0 ? [] : [dim(wordHead!), ...wordRows, ""]),
    dim(topicHead!),
    ...topicRows,
    ...(examples.length === 0 ? [] : ["", dim("for example")]),
    ...examples.map(({ line, text, shows }) => `  line ${line}: ${oneLine(text)}  ${dim(`(${shows})`)}`),
  ];
}

/** Terminal text of the answer. */
export function dueTable(answer: DueAnswer, colors: boolean): string {
  const paint = pc.createColors(colors);
  const sign = (due: boolean | null): string =>
    due === null ? paint.yellow("?") : due ? paint.red("!") : paint.green("-");
  const lines = answer.reasons.map(
    ({ about, due, text }) => `${sign(due)} ${about.padEnd(6)}  ${oneLine(text)}`,
  );
  for (const { rule, change, before, after } of answer.policyChanges) {
    lines.push("", `${rule} ${change}`);
    if (before !== null) lines.push(paint.dim(`  then: ${oneLine(before)}`));
    if (after !== null) lines.push(`  now:  ${oneLine(after)}`);
  }
  const examples = answer.reasons.some(({ about, due }) => about === "drift" && due === true)
    ? (answer.drift?.examples ?? [])
    : [];
  if (examples.length > 0) lines.push("", paint.dim("new queries, for example"));
  for (const { line, text } of examples.slice(0, 5)) lines.push(`  line ${line}: ${oneLine(text)}`);
  const colour = { due: paint.red, "not due": paint.green, "cannot say": paint.yellow }[answer.outcome];
  lines.push("", `retraining: ${paint.bold(colour(answer.outcome))}`);
  return lines.join("\n");
}
