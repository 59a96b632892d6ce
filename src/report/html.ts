import { createHash } from "node:crypto";
import type { DriftResult } from "../drift/result.ts";
import type { AnswerRow } from "../evaluate/answers/answer-row.ts";
import type { PowerNote } from "../evaluate/decision/power.ts";
import type { Verdict } from "../evaluate/gate.ts";
import type { LedgerEntry } from "../evaluate/looks/ledger.ts";
import type { PolicyRule } from "../task/policy.ts";
import type { StyleRule } from "../task/schema.ts";
import { type CurationRecord, dataSection } from "./data.ts";
import { identitySection } from "./identity.ts";
import { html, Markup } from "./markup.ts";
import type { TrainingPoint } from "./metrics.ts";
import { SCRIPT } from "./script.ts";
import { answersSection } from "./sections/answers.ts";
import { criteriaSection } from "./sections/criteria.ts";
import { driftSection } from "./sections/drift.ts";
import { labelsSection } from "./sections/labels.ts";
import { looksSection } from "./sections/looks.ts";
import { packsSection } from "./sections/packs.ts";
import { preconditionsTable } from "./sections/preconditions.ts";
import { type RepairSummary, repairSection } from "./sections/repair.ts";
import { replaceBox, type ToReplace } from "./sections/replace.ts";
import { seedsTable } from "./sections/seeds.ts";
import { type Setting, settingsSection } from "./sections/settings.ts";
import { type SignOffLine, signOffStrip, signOffsSection } from "./sections/sign-offs.ts";
import { slicesSection } from "./sections/slices.ts";
import { STYLE } from "./sections/style.ts";
import { trainingSection } from "./sections/training.ts";
import { verdictSection } from "./sections/verdict.ts";
import { wordingSection } from "./sections/wording.ts";

/** Content of a report; absent parts are left out. */
export interface ReportData {
  verdict: Verdict;
  answers: readonly AnswerRow[];
  purpose: string;
  run?: string;
  rules?: readonly PolicyRule[];
  style?: readonly StyleRule[];
  power?: readonly PowerNote[];
  /** Looks at the task's cases and changes of its lock, oldest first. */
  ledger?: readonly LedgerEntry[];
  metrics?: readonly TrainingPoint[];
  curation?: CurationRecord;
  drift?: DriftResult;
  repair?: RepairSummary;
  settings?: readonly Setting[];
  signOffs?: readonly SignOffLine[];
  /** Parts of the task that are still the template's. */
  toReplace?: readonly ToReplace[];
  /** Further hashes and versions by name; those of the verdict are always shown. */
  identity?: Readonly<Record<string, string>>;
}

/** report.html: one self-contained file for screen (light, dark, phone) and paper. */
export function reportHtml(data: ReportData): string {
  const { verdict, answers, rules = [] } = data;
  const identity = {
    "tuned artefact": verdict.artifact_sha256,
    "base, exported": verdict.base_artifact_sha256,
    "base, weights": verdict.base_sha256,
    lock: verdict.lock_sha256,
    "entry in the ledger": verdict.ledger_sha256,
    scorers: verdict.scorer,
    seed: String(verdict.seed),
    "exit code": String(verdict.exit_code),
    ...data.identity,
  };
  const sections = [
    {
      id: "criteria",
      title: "Criteria",
      body: html`${criteriaSection(verdict)}${preconditionsTable(verdict.preconditions)}${verdict.seeds && seedsTable(verdict.seeds, verdict.criteria)}`,
    },
    { id: "answers", title: "Changed answers", body: answersSection(verdict, answers, rules) },
    { id: "labels", title: "Labels", body: labelsSection(verdict.labels) },
    { id: "slices", title: "By topic and rule", body: slicesSection(verdict.slices, answers, rules) },
    { id: "training", title: "Training", body: trainingSection(data.metrics ?? []) },
    { id: "packs", title: "General ability and safety", body: packsSection(answers) },
    { id: "wording", title: "Style and consistency", body: wordingSection(answers, data.style ?? []) },
    { id: "data", title: "Training data", body: data.curation && dataSection(data.curation) },
    { id: "drift", title: "Drift", body: data.drift && driftSection(data.drift) },
    {
      id: "looks",
      title: "Power and looks",
      body: looksSection(verdict, data.power ?? [], data.ledger ?? []),
    },
    { id: "settings", title: "Hyperparameters", body: settingsSection(data.settings ?? []) },
    { id: "repair", title: "Repair of general capability", body: data.repair && repairSection(data.repair) },
    { id: "identity", title: "Identity", body: identitySection(identity) },
    { id: "sign-offs", title: "Sign-offs", body: data.signOffs && signOffsSection(data.signOffs) },
  ].filter(({ body }) => body !== undefined);
  const scriptHash = createHash("sha256").update(SCRIPT).digest("base64");
  return html`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-${scriptHash}'; base-uri 'none'; form-action 'none'">
<title>${verdict.task}: ${verdict.verdict}</title><style>${new Markup(STYLE)}</style></head><body>
<header><h1>${verdict.task}</h1><p class="soft">${data.purpose}${data.run !== undefined && html` · run <code>${data.run}</code>`}</p></header>
<main>${verdictSection(verdict, data.signOffs && signOffStrip(data.signOffs))}
${replaceBox(data.toReplace ?? [])}
<nav aria-label="Sections"><ul>${sections.map(({ id, title }) => html`<li><a href="#${id}">${title}</a></li>`)}</ul></nav>
${sections.map(({ id, title, body }) => html`<section id="${id}" aria-labelledby="${id}-title"><h2 id="${id}-title">${title}</h2>${body}</section>`)}
</main><footer>Written by lorafit from the files of the run. This page loads nothing.</footer>
<script>${new Markup(SCRIPT)}</script></body></html>
`.source;
}
