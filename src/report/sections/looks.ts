import { jointPower, type PowerNote } from "../../evaluate/decision/power.ts";
import type { Verdict } from "../../evaluate/gate.ts";
import type { LedgerEntry } from "../../evaluate/looks/ledger.ts";
import { percent } from "../../formats/percent.ts";
import { html, type Markup } from "../markup.ts";

/** Power of the cases before training, and the ledger of looks at them. */
export function looksSection(
  { look, alpha }: Verdict,
  power: readonly PowerNote[],
  ledger: readonly LedgerEntry[],
): Markup {
  return html`<p>This is look ${look} at these cases. Look k may spend 5 % / (k (k + 1)), so that all of them together err with at most 5 %: this one decides at a one-sided level of ${Number(alpha.toPrecision(3))}.</p>
${ledger.length > 0 && ledgerTable(ledger)}${power.length > 0 && powerTable(power)}`;
}

function ledgerTable(ledger: readonly LedgerEntry[]): Markup {
  const row = (entry: LedgerEntry) => {
    const [what, about] =
      entry.kind === "look"
        ? [
            `look ${entry.look}, level ${entry.alpha}`,
            html`artefact <code>${entry.artifact_sha256.slice(0, 12)}</code>`,
          ]
        : [html`<b>lock changed</b>`, html`${entry.reason} (${entry.changes.join("; ")})`];
    return html`<tr><td>${entry.at.slice(0, 16).replace("T", " ")}</td><td>${what}</td><td dir="auto">${about}</td><td><code>${entry.lock_sha256.slice(0, 12)}</code></td></tr>`;
  };
  return html`<div class="scroll"><table><caption>Ledger of looks; entries are only ever added</caption>
<thead><tr><th scope="col">When</th><th scope="col">What</th><th scope="col">About</th><th scope="col">Lock</th></tr></thead><tbody>${ledger.map(row)}</tbody></table></div>`;
}

function powerTable(power: readonly PowerNote[]): Markup {
  const row = ({ scorer, ...note }: PowerNote) => {
    const say = (value: number | undefined) =>
      value === undefined
        ? "–"
        : scorer === "cross-entropy"
          ? `${value.toFixed(3)} nat`
          : `${(100 * value).toFixed(1)} points`;
    return html`<tr><th scope="row">${note.name}</th><td class="number">${note.cases}</td><td class="number">${note.clusters}</td><td class="number">${note.needed ?? "–"}</td><td class="number">${say(note.planned)}</td><td class="number">${say(note.detectable)}</td><td class="number">${note.power === undefined ? "–" : percent(note.power)}</td></tr>`;
  };
  const joint = jointPower(power);
  return html`<div class="scroll"><table><caption>Power, computed from the cases alone</caption>
<thead><tr><th scope="col">Criterion</th><th scope="col" class="number">Cases</th><th scope="col" class="number">Clusters</th><th scope="col" class="number">Needed</th><th scope="col" class="number">Planned for</th><th scope="col" class="number">Can find</th><th scope="col" class="number">Power</th></tr></thead>
<tbody>${power.map(row)}</tbody></table></div>
<p class="soft">Needed: independent clusters with which the planned distance from what is asked is found with 90 % power. Can find: the distance that these clusters find with it. Power: the probability of finding the planned distance. All criteria together: ${percent(joint.independent)} if they are independent, at least ${percent(joint.at_least)}.</p>`;
}
