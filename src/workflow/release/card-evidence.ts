import { readFileSync } from "node:fs";
import type { Case } from "../../evaluate/cases/case.ts";
import { isChat } from "../../evaluate/cases/kinds/chat.ts";
import type { SeedResult } from "../../evaluate/decision/seeds.ts";
import type { Verdict } from "../../evaluate/gate.ts";
import { meaningOf } from "../../evaluate/meaning.ts";
import { barText, estimateText, pText, scoreText } from "../../evaluate/result-text.ts";
import { rightText } from "../../evaluate/right-counts.ts";
import { percent } from "../../formats/percent.ts";
import { parsePolicy } from "../../task/policy.ts";
import { CONTESTANTS } from "../../task/schema.ts";
import { readRepair } from "../repair/repair.ts";
import { outcomeText, trialText } from "../repair/text.ts";
import type { Run } from "../run.ts";
import { bullets, type Markdown, md, paragraphs, section, type Text, table } from "./markdown.ts";

/** Consequence of the verdict, and the absolute numbers in words. */
export const absolutes = (verdict: Verdict): Markdown =>
  paragraphs([meaningOf(verdict), bullets(verdict.right.map(rightText))]);

/** The verdict in numbers with its evidence. */
export function evidence(verdict: Verdict): Markdown {
  const contestants = CONTESTANTS.filter((name) => verdict.contestants[name] !== undefined);
  const rows = verdict.criteria.map((c) => [
    c.name,
    scoreText(c, c.base),
    scoreText(c, c.tuned),
    ...contestants.map((name) => {
      const score = verdict.contestants[name]![c.name];
      return score === undefined ? "–" : scoreText(c, score);
    }),
    `${estimateText(c, c.estimate)} (${estimateText(c, c.ci[0])} to ${estimateText(c, c.ci[1])})`,
    `${barText(c)}; ${pText(c)}`,
    `${c.n} (${c.clusters})`,
    c.outcome,
  ]);
  const { cases, passed_base, passed_tuned } = verdict.counts;
  const { fixed, broken } = verdict.flips;
  const level = (100 * (1 - 2 * verdict.alpha)).toFixed(1);
  return paragraphs([
    `Base and tuned model answered the same ${cases} held-out cases with the same decoding; the judged file is the file that ships.`,
    table(
      ["criterion", "base", "tuned", ...contestants, "estimate", "asked", "cases (clusters)", "outcome"],
      rows,
    ),
    `Estimate: the difference of tuned and base (or the contestant named), in points or nats per token, positive is better; for a floor or ceiling the tuned model's own score. ` +
      `With its ${level} % interval; each cluster of related cases weighs one. ` +
      `Look ${verdict.look} at these cases, at a one-sided level of ${verdict.alpha}.`,
    md`Of all cases the base passes ${passed_base}, the tuned model ${passed_tuned}; ${fixed.length} answers fixed, ${broken.length} broken${
      broken.length === 0 ? "." : `: ${broken.slice(0, 20).join(", ")}${broken.length > 20 ? " …" : ""}.`
    } \`report.html\` shows each.`,
    verdict.amendments.length === 0
      ? "Criteria and cases are those that were locked before any result was seen."
      : md`**The lock was changed after results had been seen:**\n\n${bullets(verdict.amendments.map(amendmentText))}`,
    `Checked besides the criteria: ${verdict.preconditions.map(({ name, outcome }) => `${name} ${outcome}`).join("; ")}.`,
    ...(verdict.seeds === undefined ? [] : [seeds(verdict.seeds)]),
    ...(verdict.reasons.length === 0 ? [] : [bullets(verdict.reasons)]),
  ]);
}

const amendmentText = ({ at, reason, changes, looks }: Verdict["amendments"][number]): string =>
  `${at.slice(0, 10)}, after ${looks} ${looks === 1 ? "look" : "looks"}: ${reason} (${changes.join("; ")})`;

function seeds(results: readonly SeedResult[]): Markdown {
  const names = Object.keys(results[0]!.differences);
  const rows = results.map(({ seed, run, differences }) => [
    run === "." ? `${seed} (this model)` : String(seed),
    ...names.map((name) => differences[name]!.toFixed(3)),
  ]);
  return paragraphs([
    "The same training with other seeds, differences as shares or nats:",
    table(["seed", ...names], rows),
  ]);
}

/** Budget for general capability in training, and the trials that kept it. */
export function budget({ path }: Run): Markdown[] {
  const record = readRepair(path);
  if (record === undefined) return [];
  const rows = record.trials.map((trial, i) => [
    i === record.chosen ? md`${trialText(trial)} **(this model)**` : trialText(trial),
    trial.domain.toFixed(4),
    trial.general.toFixed(4),
    (trial.general - record.base.general).toFixed(4),
  ]);
  const base = ["base", record.base.domain.toFixed(4), record.base.general.toFixed(4), ""];
  return [
    section(
      "General capability in training",
      paragraphs([
        `Measured on ${record.general_rows} rows of general text that were held out, none of them a case: ${outcomeText(record)}.`,
        table(["trial", "domain, held out", "general, held out", "lost"], [base, ...rows]),
        "Losses are nats a token. A scale is merged into B.",
      ]),
    ),
  ];
}

/** Limits of the evidence. */
export function limits({ task }: Run, verdict: Verdict, cases: readonly Case[]): Text[] {
  const packs = Object.keys(task.cases).map(
    (pack) => `${pack} ${cases.filter((item) => item.pack === pack).length}`,
  );
  const judged = new Set(task.success.map((criterion) => criterion.cases));
  const idle = Object.keys(task.cases).filter((pack) => !judged.has(pack));
  const tested = new Set(cases.map(({ rule }) => rule));
  const untested = parsePolicy(readFileSync(task.paths.policy, "utf8"), task.paths.policy)
    .filter(({ id }) => !tested.has(id))
    .map(({ id, critical }) => (critical ? `${id} (critical)` : id));
  const turns = Math.max(0, ...cases.filter(isChat).map(({ body }) => body.messages.length));
  const { max_new_tokens, temperature } = task.decoding;
  const failing = verdict.criteria
    .filter(({ scorer, tuned }) => scorer !== "cross-entropy" && tuned < 1)
    .map(({ name, tuned }) => `${name} ${percent(1 - tuned)}`);
  const notes = verdict.criteria.flatMap(({ name, notes }) => notes.map((note) => `${name}: ${note}`));
  return [
    ...(failing.length === 0
      ? []
      : [`Better than the base is not right: it still fails ${failing.join(", ")} of the cases.`]),
    `Cases by pack: ${packs.join(", ")}. Nothing is known beyond what they ask.`,
    ...(idle.length === 0 ? [] : [`No criterion is judged on ${idle.join(", ")}.`]),
    ...(untested.length === 0 ? [] : [`Policy rules that no case cites: ${untested.join(", ")}.`]),
    `Answers were at most ${max_new_tokens} tokens long, ${temperature === 0 ? "greedy" : `sampled at temperature ${temperature}`}; conversations had at most ${turns} ${turns === 1 ? "message" : "messages"}.`,
    "Not tested: other decoding, longer conversations, other languages than the cases', quantised copies, attacks on the prompt.",
    "It knows no customer, order or stock, and may state falsehoods fluently: have what it says checked where it matters.",
    ...notes,
  ];
}
