import type { CriterionResult } from "../../evaluate/decision/decide.ts";
import { disagreements } from "../../evaluate/decision/seeds.ts";
import type { Verdict } from "../../evaluate/gate.ts";
import type { Amendment } from "../../evaluate/looks/looks.ts";
import { meaningOf } from "../../evaluate/meaning.ts";
import { differenceText, resultText } from "../../evaluate/result-text.ts";
import { rightWords } from "../../evaluate/right-counts.ts";
import { html, type Markup } from "../markup.ts";

const MARK = { pass: "✓", fail: "✗", inconclusive: "?", "not applicable": "–" };

/** Outcome as a mark and a word, never by colour alone. */
export function outcomeText(outcome: keyof typeof MARK): Markup {
  return html`<span class="outcome"><span aria-hidden="true">${MARK[outcome]}</span> ${outcome}</span>`;
}

/** First screen: the decision, the absolute numbers in words, the reasons, amendments and sign-offs. */
export function verdictSection(verdict: Verdict, signOffs: Markup | undefined): Markup {
  const { cases } = verdict.counts;
  return html`<section class="verdict ${verdict.verdict}" aria-labelledby="verdict"><h2 id="verdict">${outcomeText(verdict.verdict)}</h2>
<p class="lead">${meaningOf(verdict)}</p>
${verdict.right.length > 0 && html`<ul class="right">${verdict.right.map((count) => html`<li><b>${count.of}</b>: ${rightWords(count)}</li>`)}</ul>`}
${reasons(verdict)}
<dl class="tiles">
${tile("fixed", verdict.flips.fixed.length)}${tile("broken", verdict.flips.broken.length)}${tile("cases", cases)}${tile("look", verdict.look)}${tile(verdict.seeds === undefined ? "seed" : "seeds", verdict.seeds?.map(({ seed }) => seed).join(", ") ?? verdict.seed)}</dl>
${verdict.missing.length > 0 && html`<p>Without an answer, and so failed: ${verdict.missing.join(", ")}.</p>`}
${verdict.amendments.map(amendment)}${signOffs}</section>`;
}

/** A change of the lock after results had been seen. */
function amendment({ at, reason, changes, looks }: Amendment): Markup {
  return html`<div class="amendment"><p dir="auto"><b>The lock was changed</b> on ${at.slice(0, 10)}, after ${looks} ${looks === 1 ? "look" : "looks"} at the cases. Recorded reason: ${reason}</p>
<ul>${changes.map((change) => html`<li dir="auto">${change}</li>`)}</ul></div>`;
}

const tile = (name: string, value: number | string) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`;

/** Reasons against a pass, with their numbers; empty for a pass, whose numbers are in the table. */
function reasons({ verdict, criteria, preconditions, seeds = [] }: Verdict): Markup | undefined {
  if (verdict === "pass") return undefined;
  const decided = [
    ...preconditions.map(({ name, outcome, evidence }) => ({ name, outcome, why: evidence })),
    ...criteria.map((criterion) => ({ ...criterion, why: shortfall(criterion) })),
  ].filter(({ outcome }) => outcome === verdict);
  const list = [...decided.map(({ name, why }) => html`<b>${name}</b>: ${why}`), ...disagreements(seeds)];
  return html`<p>${verdict === "fail" ? "Failed:" : "Open:"}</p><ul>${list.map((line) => html`<li>${line}</li>`)}</ul>`;
}

/** A superiority criterion may exceed its bar and still fail, by falling short of the planned effect. */
function shortfall(criterion: CriterionResult): string {
  const planned =
    criterion.effect === undefined ? "" : `, ${differenceText(criterion, criterion.effect)} was planned`;
  return `${resultText(criterion)}${planned}`;
}
