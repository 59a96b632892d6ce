import { html, type Markup } from "./markup.ts";

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

type Finding = CurationSummary["findings"][number];

const FINDINGS_OF_A_KIND = 5;
const ACTIONS = ["drop", "mask", "edit", "keep", "review"];

/** What was found in the training rows, and what was decided by whom; examples of each kind. */
export function dataSection({ rows, clean_rows, findings }: CurationSummary): Markup {
  const kinds = groupBy(findings, ({ kind }) => kind);
  const actions = [...new Set([...ACTIONS, ...findings.map(({ action }) => action)])].filter((action) =>
    findings.some((finding) => finding.action === action),
  );
  const open = findings.filter(isOpen).length;
  return html`<p><b>${clean_rows}</b> of ${rows} rows were kept; ${findings.length} findings${open > 0 && html`, <b>${open} of them still without a decision</b>`}.</p>
${
  findings.length > 0 &&
  html`<div class="scroll"><table><caption>Findings by kind and by what was decided</caption>
<thead><tr><th scope="col">Kind</th><th scope="col" class="number">Found</th>${actions.map((action) => html`<th scope="col" class="number">${action}</th>`)}<th scope="col">Decided by</th></tr></thead>
<tbody>${[...kinds].map(
    ([kind, members]) =>
      html`<tr><th scope="row">${kind}</th><td class="number">${members.length}</td>${actions.map((action) => html`<td class="number">${members.filter((finding) => finding.action === action).length || ""}</td>`)}<td>${decidersOf(members)}</td></tr>`,
  )}</tbody></table></div>
<details class="more"><summary>Show examples, at most ${FINDINGS_OF_A_KIND} of each kind</summary>
<div class="scroll"><table class="findings"><caption>All findings stand in curation.json</caption><thead><tr><th scope="col">Kind</th><th scope="col">Where</th><th scope="col">Evidence</th><th scope="col">Action</th><th scope="col">Decided by</th></tr></thead>
<tbody>${[...kinds.values()].flatMap((members) => members.slice(0, FINDINGS_OF_A_KIND).map(findingRow))}</tbody></table></div></details>`
}`;
}

const isOpen = ({ decided_by }: Finding) => (decided_by ?? null) === null;
const deciderOf = (finding: Finding) => (isOpen(finding) ? "nobody yet" : finding.decided_by!);

function decidersOf(findings: readonly Finding[]): string {
  return [...groupBy(findings, deciderOf)].map(([who, members]) => `${who} (${members.length})`).join(", ");
}

function findingRow(finding: Finding): Markup {
  return html`<tr><th scope="row">${finding.kind}<small>${finding.severity}</small></th><td class="where"><code>${finding.file.split("/").at(-1)}:${finding.line}</code></td>
<td dir="auto">${finding.evidence}</td><td>${finding.action}</td><td>${deciderOf(finding)}</td></tr>`;
}

function groupBy<T>(items: readonly T[], keyOf: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) groups.set(keyOf(item), [...(groups.get(keyOf(item)) ?? []), item]);
  return groups;
}
