import type { CriterionResult } from "../evaluate/decide.ts";
import type { Verdict } from "../evaluate/gate.ts";
import type { Amendment } from "../evaluate/looks.ts";
import { differenceText, resultText, scoreText } from "../evaluate/result-text.ts";
import { disagreements } from "../evaluate/seeds.ts";
import { html, type Markup } from "./markup.ts";

const MARK = { pass: "✓", fail: "✗", inconclusive: "?", "not applicable": "–" };

/** An outcome as a mark and a word: never by colour alone. */
export function outcomeText(outcome: keyof typeof MARK): Markup {
  return html`<span class="outcome"><span aria-hidden="true">${MARK[outcome]}</span> ${outcome}</span>`;
}

const CONSEQUENCE: Record<Verdict["verdict"], string> = {
  pass: "This adapter may take the base's place on this job.",
  fail: "This adapter must not be deployed.",
  inconclusive: "The evidence decides neither way: the base stays.",
};

/** The decision, why, and what a reader must know before relying on it; `signOffs` on the last line. */
export function verdictSection(verdict: Verdict, signOffs: Markup | undefined): Markup {
  const { passed_base, passed_tuned, cases } = verdict.counts;
  return html`<section class="verdict ${verdict.verdict}" aria-labelledby="verdict"><h2 id="verdict">${outcomeText(verdict.verdict)}</h2>
<p class="lead">${CONSEQUENCE[verdict.verdict]} ${reason(verdict)}</p>
<dl class="tiles">
${tile("fixed", verdict.flips.fixed.length)}${tile("broken", verdict.flips.broken.length)}${tile("passed by the base", passed_base)}${tile("passed by the tuned model", passed_tuned)}${tile("cases", cases)}${tile("look", verdict.look)}${tile(verdict.seeds === undefined ? "seed" : "seeds", verdict.seeds?.map(({ seed }) => seed).join(", ") ?? verdict.seed)}</dl>
${verdict.missing.length > 0 && html`<p>Without an answer, and so failed: ${verdict.missing.join(", ")}.</p>`}
${verdict.amendments.map(amendment)}${signOffs}</section>`;
}

/** The goalposts moved after results had been seen: nobody may read past it. */
function amendment({ at, reason, changes, looks }: Amendment): Markup {
  return html`<div class="amendment"><p dir="auto"><b>The goalposts were moved</b> on ${at.slice(0, 10)}, after ${looks} ${looks === 1 ? "look" : "looks"} at the cases. Recorded reason: ${reason}</p>
<ul>${changes.map((change) => html`<li dir="auto">${change}</li>`)}</ul></div>`;
}

const tile = (name: string, value: number | string) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`;

/** The sentence of why: what was gained when everything holds, else everything that decided. */
function reason({ verdict, criteria, preconditions, seeds = [] }: Verdict): string {
  if (verdict !== "pass") {
    const decided = [
      ...preconditions.map(({ name, outcome, evidence }) => ({ name, outcome, why: evidence })),
      ...criteria.map((criterion) => ({ ...criterion, why: shortfall(criterion) })),
    ].filter(({ outcome }) => outcome === verdict);
    const list = [...decided.map(({ name, why }) => `${name}: ${why}`), ...disagreements(seeds)].join("; ");
    return `${verdict === "fail" ? "Failed" : "Open"} – ${list}.`;
  }
  const gains = criteria.filter(({ kind }) => kind === "superiority");
  const found = (gains.length > 0 ? gains : criteria).map(
    (criterion) =>
      `${criterion.name} went from ${scoreText(criterion, criterion.base)} to ${scoreText(criterion, criterion.tuned)}`,
  );
  const rest = criteria.length - found.length;
  return `All ${criteria.length} criteria hold: ${found.join("; ")}${rest > 0 ? `; and of the other ${rest} none was harmed beyond its margin` : ""}.`;
}

/** A superiority criterion may be better than what is asked and still fail: by falling short of what was planned. */
function shortfall(criterion: CriterionResult): string {
  const planned =
    criterion.effect === undefined ? "" : `, ${differenceText(criterion, criterion.effect)} was planned`;
  return `${resultText(criterion)}${planned}`;
}
