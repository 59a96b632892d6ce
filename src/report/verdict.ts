import type { CriterionResult } from "../evaluate/decide.ts";
import type { Verdict } from "../evaluate/gate.ts";
import { barText, differenceText, scoreText } from "../evaluate/result-text.ts";
import { html, type Markup } from "./markup.ts";

const MARK = { pass: "✓", fail: "✗", inconclusive: "?" };

/** An outcome as a mark and a word: never by colour alone. */
export function outcomeText(outcome: Verdict["verdict"]): Markup {
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
${tile("fixed", verdict.flips.fixed.length)}${tile("broken", verdict.flips.broken.length)}${tile("passed by the base", passed_base)}${tile("passed by the tuned model", passed_tuned)}${tile("cases", cases)}${tile("look", verdict.look)}${tile("seed", verdict.seed)}</dl>
${verdict.missing.length > 0 && html`<p>Without an answer, and so failed: ${verdict.missing.join(", ")}.</p>`}
${verdict.preconditions.filter(({ outcome }) => outcome !== "pass").map(({ name, outcome, evidence }) => html`<p>${outcomeText(outcome)} ${name}: ${evidence}</p>`)}
${verdict.amendments.map(({ at, reason, changes, looks }) => html`<p>The goalposts were moved on ${at.slice(0, 10)}, after ${looks} ${looks === 1 ? "look" : "looks"}: ${reason} (${changes.join("; ")})</p>`)}${signOffs}</section>`;
}

const tile = (name: string, value: number) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`;

/** The sentence of why: what was gained when everything holds, else every criterion that decided. */
function reason({ verdict, criteria, preconditions }: Verdict): string {
  if (verdict !== "pass") {
    const unmet = preconditions.filter(({ outcome }) => outcome === verdict).map(({ name }) => name);
    const short = criteria.filter(({ outcome }) => outcome === verdict).map(shortfall);
    return `${verdict === "fail" ? "Failed" : "Open"}: ${[...unmet, ...short].join("; ")}.`;
  }
  const gains = criteria.filter(({ kind }) => kind === "superiority");
  const found = (gains.length > 0 ? gains : criteria).map(
    (criterion) =>
      `${criterion.name} went from ${scoreText(criterion, criterion.base)} to ${scoreText(criterion, criterion.tuned)}`,
  );
  const rest = criteria.length - found.length;
  return `All ${criteria.length} criteria hold: ${found.join("; ")}${rest > 0 ? `; and of the other ${rest} none was harmed beyond its margin` : ""}.`;
}

function shortfall(criterion: CriterionResult): string {
  if (criterion.kind === "zero-new-failures") return `${criterion.name} (${criterion.broken} new failures)`;
  const [low, high] = criterion.ci.map((value) => differenceText(criterion, value));
  return `${criterion.name} (difference ${differenceText(criterion, criterion.difference)}, interval ${low} to ${high}, asked ${barText(criterion)}${criterion.effect === undefined ? "" : `, planned ${differenceText(criterion, criterion.effect)}`})`;
}
