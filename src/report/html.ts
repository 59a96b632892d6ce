import type { AnswerRow } from "../evaluate/answer-row.ts";
import type { Verdict } from "../evaluate/gate.ts";
import type { PolicyRule } from "../task/policy.ts";
import { html, Markup } from "./markup.ts";
import { type LossPoint, lossCurve } from "./plots.ts";
import {
  type CurationSummary,
  criteriaSection,
  curationSection,
  flipsSection,
  hashesSection,
  type Setting,
  settingsSection,
  slicesSection,
  verdictSection,
} from "./sections.ts";
import { STYLE } from "./style.ts";

/** Everything that a report shows; what is absent is left out. */
export interface ReportData {
  verdict: Verdict;
  answers: readonly AnswerRow[];
  purpose: string;
  run?: string;
  rules?: readonly PolicyRule[];
  metrics?: readonly LossPoint[];
  curation?: CurationSummary;
  settings?: readonly Setting[];
  /** Further hashes by name, such as the adapter's; those of the verdict are always shown. */
  hashes?: Readonly<Record<string, string>>;
}

/** report.html: one file that loads nothing, for screen (light, dark, phone) and paper. */
export function reportHtml(data: ReportData): string {
  const { verdict } = data;
  const hashes = {
    "tuned artefact": verdict.artifact_sha256,
    "base, exported": verdict.base_artifact_sha256,
    "base, weights": verdict.base_sha256,
    lock: verdict.lock_sha256,
    scorers: verdict.scorer,
    seed: String(verdict.seed),
    ...data.hashes,
  };
  const sections = [
    { id: "criteria", title: "Criteria", body: criteriaSection(verdict) },
    { id: "changed", title: "Changed answers", body: flipsSection(verdict, data.answers) },
    { id: "training", title: "Training", body: lossCurve(data.metrics ?? []) },
    { id: "slices", title: "By rule and topic", body: slicesSection(verdict.slices, data.rules ?? []) },
    { id: "data", title: "Training data", body: data.curation && curationSection(data.curation) },
    { id: "settings", title: "Hyperparameters", body: settingsSection(data.settings ?? []) },
    { id: "identity", title: "Identity", body: hashesSection(hashes) },
  ].filter(({ body }) => body !== undefined);
  return html`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>${verdict.task}: ${verdict.verdict}</title><style>${new Markup(STYLE)}</style></head><body><main>
<h1>${verdict.task}${data.run !== undefined && ` · ${data.run}`}<br>${data.purpose}</h1>
${verdictSection(verdict)}
<nav>${sections.map(({ id, title }) => html`<a href="#${id}">${title}</a> `)}</nav>
${sections.map(({ id, title, body }) => html`<h2 id="${id}">${title}</h2>${body}`)}
</main></body></html>
`.source;
}
