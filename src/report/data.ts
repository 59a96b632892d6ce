import type { CurateSummary } from "../data/curate/curate.ts";
import type { Finding } from "../data/curate/finding.ts";
import { html, type Markup } from "./markup.ts";

/** The part of curation.json that the report shows. */
export type CurationRecord = Pick<CurateSummary, "rows" | "clean_rows" | "findings">;

const FINDINGS_OF_A_KIND = 5;

/** Decisions on a finding. An open one has changed nothing, whatever it proposes. */
const DECISIONS = ["drop", "mask", "repair", "keep", "review", "open"] as const;
type Decision = (typeof DECISIONS)[number];
const decisionOf = ({ decided_by, action }: Finding): Decision => (decided_by === null ? "open" : action);

const TITLES: Record<Decision, string> = {
  drop: "Dropped",
  mask: "Masked",
  repair: "Repaired",
  keep: "Kept",
  review: "Reviewed",
  open: "Open",
};

/** Findings in the training rows, the decisions with their deciders, and examples of each kind. */
export function dataSection({ rows, clean_rows, findings }: CurationRecord): Markup {
  const kinds = groupBy(findings, ({ kind }) => kind);
  const decisions = DECISIONS.filter((decision) =>
    findings.some((finding) => decisionOf(finding) === decision),
  );
  return html`<p>${findings.length} findings in ${rows} rows. <b>${clean_rows} rows were kept</b> for training and validation, ${rows - clean_rows} dropped.</p>
${
  findings.length > 0 &&
  html`<div class="scroll"><table><caption>Findings by kind and by what was decided; an open one changed nothing</caption>
<thead><tr><th scope="col">Kind</th><th scope="col" class="number">Found</th>${decisions.map((decision) => html`<th scope="col" class="number">${TITLES[decision]}</th>`)}<th scope="col">Decided by</th></tr></thead>
<tbody>${[...kinds].map(
    ([kind, members]) =>
      html`<tr><th scope="row">${kind}</th><td class="number">${members.length}</td>${decisions.map((decision) => html`<td class="number">${members.filter((finding) => decisionOf(finding) === decision).length || ""}</td>`)}<td dir="auto">${decidersOf(members)}</td></tr>`,
  )}</tbody></table></div>
<details class="more"><summary>Show examples, at most ${FINDINGS_OF_A_KIND} of each kind</summary>
<div class="scroll"><table class="findings"><caption>curation.json has all findings</caption><thead><tr><th scope="col">Kind</th><th scope="col">Where</th><th scope="col">Evidence</th><th scope="col">Decision</th><th scope="col">By</th></tr></thead>
<tbody>${[...kinds.values()].flatMap((members) => members.slice(0, FINDINGS_OF_A_KIND).map(findingRow))}</tbody></table></div></details>`
}`;
}

function decidersOf(findings: readonly Finding[]): string {
  const decided = findings.filter(({ decided_by }) => decided_by !== null);
  return [...groupBy(decided, ({ decided_by }) => decided_by!)]
    .map(([who, members]) => `${who} (${members.length})`)
    .join(", ");
}

function findingRow(finding: Finding): Markup {
  const proposed = finding.decided_by === null && html`<small>proposed: ${finding.action}</small>`;
  return html`<tr><th scope="row">${finding.kind}<small>${finding.severity}</small></th><td class="where"><code>${finding.file.split("/").at(-1)}:${finding.line}</code></td>
<td dir="auto">${finding.evidence}</td><td>${TITLES[decisionOf(finding)].toLowerCase()}${proposed}</td><td dir="auto">${finding.decided_by ?? "undecided"}</td></tr>`;
}

function groupBy<T>(items: readonly T[], keyOf: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) groups.set(keyOf(item), [...(groups.get(keyOf(item)) ?? []), item]);
  return groups;
}
