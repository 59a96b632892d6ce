import type { Answered, AnswerRow } from "../evaluate/answer-row.ts";
import type { SliceResult, Verdict } from "../evaluate/gate.ts";
import { barText, differenceText, pText, scoreText } from "../evaluate/table.ts";
import type { PolicyRule } from "../task/policy.ts";
import { html, type Markup } from "./markup.ts";
import { intervalPlot, reachOf } from "./plots.ts";

/** curation.json, as far as the report shows it. */
export interface CurationSummary {
  rows: number;
  clean_rows: number;
  counts: Record<string, number>;
  findings: readonly {
    kind: string;
    file: string;
    line: number;
    evidence: string;
    severity: string;
    action: string;
    decided_by?: string | null | undefined;
  }[];
}

/** A setting as it was resolved for the run. */
export interface Setting {
  key: string;
  value: unknown;
  origin: string;
}

const FINDINGS_OF_A_KIND = 8;

const SENTENCE = {
  pass: "Every criterion passes: this artefact may take the base's place on this job.",
  fail: "This artefact must not be deployed. Failed: ",
  inconclusive: "The evidence decides neither way. Open: ",
};

export function verdictSection(verdict: Verdict): Markup {
  const named = verdict.criteria
    .filter((criterion) => criterion.outcome === verdict.verdict)
    .map(({ name }) => name);
  const { passed_base, passed_tuned, cases } = verdict.counts;
  return html`<section class="verdict ${verdict.verdict}"><strong>${verdict.verdict}</strong>
<p>${SENTENCE[verdict.verdict]}${verdict.verdict !== "pass" && `${named.join(", ")}.`}</p>
<p class="soft">${verdict.flips.fixed.length} answers fixed and ${verdict.flips.broken.length} broken; passed by the base ${passed_base}, by the tuned model ${passed_tuned}, of ${cases} cases (those of plain text have no pass).
Look ${verdict.look} at these cases, so the one-sided level is ${verdict.alpha}. Exit code ${verdict.exit_code}.</p>
${verdict.missing.length > 0 && html`<p>Without an answer, and so failed: ${verdict.missing.join(", ")}</p>`}
${verdict.notes.map((note) => html`<p>${note}</p>`)}</section>`;
}

export function criteriaSection(verdict: Verdict): Markup {
  const rows = verdict.criteria.map(
    (
      criterion,
    ) => html`<tr class="${criterion.outcome}"><td>${criterion.name}<small>${criterion.kind}, ${criterion.scorer}</small></td>
<td class="number" data-label="base">${scoreText(criterion, criterion.base)}</td>
<td class="number" data-label="tuned">${scoreText(criterion, criterion.tuned)}</td>
<td class="number" data-label="difference">${differenceText(criterion, criterion.difference)}<small>${differenceText(criterion, criterion.ci[0])} to ${differenceText(criterion, criterion.ci[1])}</small></td>
<td class="plot">${intervalPlot(criterion, reachOf(verdict.criteria, criterion))}</td>
<td data-label="asked">${barText(criterion)}<small>${pText(criterion)}; ${criterion.n} cases, ${criterion.clusters} clusters</small></td>
<td class="outcome">${criterion.outcome}</td></tr>
${criterion.notes.map((note) => html`<tr><td colspan="7" class="soft">${criterion.name}: ${note}</td></tr>`)}`,
  );
  const level = (100 * (1 - 2 * verdict.alpha)).toFixed(1);
  return html`<div class="scroll"><table class="criteria"><thead><tr><th>criterion</th><th class="number">base</th><th class="number">tuned</th><th class="number">difference</th><th>interval</th><th>asked</th><th>outcome</th></tr></thead><tbody>${rows}</tbody></table></div>
<p class="soft">Right of zero the tuned model is better. Thick line: ${level} % interval from resampling whole clusters; dot: the difference; dashed: what must be exceeded; dotted: the effect that was planned for. A sign-flip permutation test over clusters must agree with the interval. Differences are points of percentage, or nats per token for cross-entropy.</p>`;
}

function answerOf(who: string, answer: Answered): Markup {
  return html`<div><h4>${who}: ${answer.score === 1 ? "passed" : "failed"}</h4><p>${answer.output ?? ""}</p>
${(answer.failed ?? []).map((reason) => html`<p class="soft">${reason}</p>`)}</div>`;
}

export function flipsSection(verdict: Verdict, answers: readonly AnswerRow[]): Markup {
  const byId = new Map(answers.map((row) => [row.id, row]));
  const list = (title: string, ids: readonly string[]) => html`<h3>${title} (${ids.length})</h3>
${ids.length === 0 && html`<p class="soft">None.</p>`}
${ids.flatMap((id) => {
  const row = byId.get(id);
  if (row === undefined) return [];
  return html`<article class="flip"><header><code>${id}</code><span>${row.pack}</span>${row.rule !== undefined && html`<span>rule ${row.rule}</span>`}${row.slice !== undefined && html`<span>${row.slice}</span>`}${row.critical && html`<span class="fail outcome">critical</span>`}</header>
<q>${row.prompt}</q><div class="answers">${answerOf("base", row.base)}${answerOf("tuned", row.tuned)}</div></article>`;
})}`;
  return html`${list("Broken: passed by the base, failed by the tuned model", verdict.flips.broken)}${list("Fixed: failed by the base, passed by the tuned model", verdict.flips.fixed)}`;
}

export function slicesSection(
  slices: readonly SliceResult[],
  rules: readonly PolicyRule[],
): Markup | undefined {
  if (slices.length === 0) return undefined;
  const text = new Map(rules.map((rule) => [rule.id, rule.text]));
  const percent = (share: number) => `${(100 * share).toFixed(0)} %`;
  const table = (by: SliceResult["by"]) => {
    const rows = slices.filter((slice) => slice.by === by);
    if (rows.length === 0) return undefined;
    return html`<div class="scroll"><table><thead><tr><th>${by}</th><th class="number">cases</th><th></th><th class="number">base</th><th class="number">tuned</th><th class="number">fixed</th><th class="number">broken</th></tr></thead><tbody>
${rows.map(
  (
    slice,
  ) => html`<tr><td>${slice.value}${by === "rule" && html`<small>${text.get(slice.value) ?? ""}</small>`}</td><td class="number">${slice.n}</td>
<td><span class="meter" aria-hidden="true"><i style="width:${(100 * slice.base).toFixed(1)}%"></i><i style="width:${(100 * slice.tuned).toFixed(1)}%"></i></span></td>
<td class="number">${percent(slice.base)}</td><td class="number">${percent(slice.tuned)}</td><td class="number">${slice.fixed}</td><td class="number">${slice.broken}</td></tr>`,
)}</tbody></table></div>`;
  };
  return html`${table("rule")}${table("slice")}
<p class="soft">Upper bar: base; lower bar: tuned. Slices describe and do not decide: they are small and were not announced as claims.</p>`;
}

export function curationSection(curation: CurationSummary): Markup {
  const counts = Object.entries(curation.counts).filter(([, count]) => count > 0);
  const shown = counts.flatMap(([kind]) =>
    curation.findings.filter((finding) => finding.kind === kind).slice(0, FINDINGS_OF_A_KIND),
  );
  return html`<p>${curation.clean_rows} of ${curation.rows} rows were kept. ${counts.length > 0 && html`Found: ${counts.map(([kind, count]) => `${kind} ${count}`).join(", ")}.`}</p>
<div class="scroll"><table><thead><tr><th>finding</th><th>where</th><th>evidence</th><th>action</th><th>decided by</th></tr></thead><tbody>
${shown.map(
  (finding) =>
    html`<tr><td>${finding.kind}<small>${finding.severity}</small></td><td class="where"><code>${finding.file}:${finding.line}</code></td><td>${finding.evidence}</td><td>${finding.action}</td><td>${finding.decided_by ?? "pending"}</td></tr>`,
)}</tbody></table></div>
${curation.findings.length > shown.length && html`<p class="soft">The first ${FINDINGS_OF_A_KIND} of each kind; ${curation.findings.length - shown.length} more stand in curation.json.</p>`}`;
}

export function settingsSection(settings: readonly Setting[]): Markup | undefined {
  if (settings.length === 0) return undefined;
  const value = (setting: Setting) =>
    typeof setting.value === "string" ? setting.value : JSON.stringify(setting.value);
  return html`<div class="scroll"><table><thead><tr><th>setting</th><th>value</th><th>origin</th></tr></thead><tbody>
${settings.map((setting) => html`<tr><td>${setting.key}</td><td><code>${value(setting)}</code></td><td>${setting.origin}</td></tr>`)}</tbody></table></div>`;
}

export function hashesSection(hashes: Readonly<Record<string, string>>): Markup {
  return html`<div class="scroll"><table><tbody>
${Object.entries(hashes).map(([name, hash]) => html`<tr><td>${name}</td><td><code>${hash}</code></td></tr>`)}</tbody></table></div>`;
}
