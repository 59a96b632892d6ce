import type { Answered, AnswerRow } from "../../evaluate/answers/answer-row.ts";
import type { Verdict } from "../../evaluate/gate.ts";
import type { PolicyRule } from "../../task/policy.ts";
import { markedWords } from "../diff.ts";
import { html, type Markup } from "../markup.ts";

const WAYS = {
  broken: "Broken: passed by the base, failed by the tuned model",
  fixed: "Fixed: failed by the base, passed by the tuned model",
  unsolved: "Unsolved: failed by both",
} as const;
type Way = keyof typeof WAYS;

/** Every case that changed, broken ones first, then those that both models fail; with a filter that needs no network. */
export function answersSection(
  verdict: Verdict,
  answers: readonly AnswerRow[],
  rules: readonly PolicyRule[],
): Markup {
  const [fixed, broken] = [new Set(verdict.flips.fixed), new Set(verdict.flips.broken)];
  const wayOf = ({ id, kind, tuned }: AnswerRow): Way | undefined => {
    if (broken.has(id)) return "broken";
    if (fixed.has(id)) return "fixed";
    return kind !== "text" && tuned.score < 1 ? "unsolved" : undefined;
  };
  const groups: Record<Way, AnswerRow[]> = { broken: [], fixed: [], unsolved: [] };
  for (const row of answers) {
    const way = wayOf(row);
    if (way !== undefined) groups[way].push(row);
  }
  for (const rows of Object.values(groups)) rows.sort((a, b) => Number(b.critical) - Number(a.critical));
  const texts = new Map(rules.map((rule) => [rule.id, rule]));
  const list = (way: Way) =>
    groups[way].length === 0
      ? html`<p class="soft">None.</p>`
      : groups[way].map((row) =>
          way === "unsolved" ? unsolvedAnswer(row) : changedAnswer(row, way, texts.get(row.rule ?? "")),
        );
  const title = (way: Way) => `${WAYS[way]} (${groups[way].length})`;
  return html`${filterForm(Object.values(groups).flat())}
<h3>${title("broken")}</h3>${list("broken")}
<h3>${title("fixed")}</h3>${list("fixed")}
<h3>${title("unsolved")}</h3><details class="more"><summary>Show the cases that neither model passes</summary>${list("unsolved")}</details>`;
}

/** Filter form, hidden until the page's script shows it: without the script everything is listed. */
function filterForm(rows: readonly AnswerRow[]): Markup {
  const options = (values: (string | undefined)[]) =>
    [...new Set(values)]
      .filter((value) => value !== undefined)
      .sort((a, b) => a.localeCompare(b, "en", { numeric: true }))
      .map((value) => html`<option>${value}</option>`);
  const select = (name: string, label: string, all: string, values: readonly Markup[]) =>
    html`<label>${label}<select name="${name}"><option value="">${all}</option>${values}</select></label>`;
  return html`<form id="filter" hidden aria-label="Filter the answers">
${select(
  "way",
  "Change",
  "all",
  Object.keys(WAYS).map((way) => html`<option>${way}</option>`),
)}
${select("pack", "Pack", "all", options(rows.map(({ pack }) => pack)))}
${select("rule", "Rule", "all", options(rows.map(({ rule }) => rule)))}
${select("slice", "Topic", "all", options(rows.map(({ slice }) => slice)))}
<label>Words<input type="search" name="words" placeholder="in question or answers"></label>
<label class="check"><input type="checkbox" name="critical">critical only</label>
<output aria-live="polite"></output></form>`;
}

/** Frame of an answer: the attributes that the filter reads, and the line that names the case. */
function article(row: AnswerRow, way: Way, kind: string, body: Markup): Markup {
  return html`<article class="${kind}" data-way="${way}" data-pack="${row.pack}" data-rule="${row.rule ?? ""}" data-slice="${row.slice ?? ""}" data-critical="${row.critical ? "on" : ""}">
<header><span class="way ${way}">${way}</span>${row.critical && html`<span class="critical">critical</span>`}<code>${row.id}</code><span>${[row.pack, row.slice].filter((part) => part !== undefined).join(" · ")}</span></header>${body}</article>`;
}

function changedAnswer(row: AnswerRow, way: Way, rule: PolicyRule | undefined): Markup {
  const { before, after } = markedWords(row.base.output ?? "", row.tuned.output ?? "");
  const body = html`<p class="question" dir="auto">${row.prompt}</p>
<div class="pair">${side("Base", row.base, before)}${side("Tuned", row.tuned, after)}</div>
${lookup(row)}${row.rule !== undefined && html`<p class="rule" dir="auto"><b>${row.rule}</b>${rule !== undefined && ` ${rule.text}`}</p>`}`;
  return article(row, way, "answer", body);
}

/** A case that neither model passes, on few lines: question, the tuned model's answer, and why it fails. */
function unsolvedAnswer(row: AnswerRow): Markup {
  const { output } = row.tuned;
  const body = html`<p class="question" dir="auto">${row.prompt}</p><div>${output !== undefined && html`<p dir="auto">${spoken(output)}</p>`}${preferences(row.tuned)}</div>${reasons(row.tuned)}`;
  return article(row, "unsolved", "brief", body);
}

const spoken = (output: string) => (output === "" ? html`<i>no words</i>` : output);

function side(who: "Base" | "Tuned", answer: Answered, said: Markup): Markup {
  const { score, output, finish } = answer;
  const passed = score === 1;
  return html`<div class="side"><h4>${who} <span class="${passed ? "pass" : "fail"}"><span class="outcome">${passed ? "✓ passed" : "✗ failed"}</span></span></h4>
${output !== undefined && html`<blockquote dir="auto">${output === "" ? spoken(output) : said}</blockquote>`}
${preferences(answer)}${reasons(answer)}
${finish === "length" && html`<p class="soft">cut off at max_new_tokens</p>`}</div>`;
}

/** Preferences between texts that the case's author wrote: never shown as the model's words. */
function preferences({ preferences = [] }: Answered): Markup[] {
  return preferences.map(
    ({ preferred, to }) =>
      html`<p class="preference" dir="auto">preferred <q>${preferred}</q> to ${to.map((text, i) => html`${i > 0 && ", "}<q>${text}</q>`)}</p>`,
  );
}

/** The answer that a lookup in the training rows gives to the same question. */
function lookup({ contestants }: AnswerRow): Markup | undefined {
  const found = contestants?.lookup;
  if (found?.output === undefined) return undefined;
  const liked = (found.preferences ?? []).map(
    ({ preferred }) => html`, which is most like <q>${preferred}</q>`,
  );
  return html`<p class="soft" dir="auto">A lookup ${found.score === 1 ? "passes" : "fails"} with <q>${found.output}</q> ${found.source !== undefined && html`<code>${found.source}</code>`}${liked}</p>`;
}

/** Evidence of every check, those that failed first. Choices are left out, as their preferences are shown. */
function reasons({ passed = [], failed = [], preferences }: Answered): Markup | undefined {
  const list = (mark: string, tone: string, texts: readonly string[]) =>
    texts
      .filter((text) => preferences === undefined || !text.startsWith("prefers "))
      .map((text) => html`<li class="${tone}" dir="auto"><span class="outcome">${mark}</span> ${text}</li>`);
  const items = [...list("✗", "fail", failed), ...list("✓", "pass", passed)];
  return items.length === 0 ? undefined : html`<ul class="reasons">${items}</ul>`;
}
