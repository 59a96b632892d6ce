import type { Verdict } from "../evaluate/gate.ts";
import type { PowerNote } from "../evaluate/power.ts";
import { html, type Markup } from "./markup.ts";

/** What the cases could show before anything was trained, and what looking at them has cost. */
export function looksSection(verdict: Verdict, power: readonly PowerNote[]): Markup {
  const unit = (note: PowerNote, value: number) =>
    verdict.criteria.find(({ name }) => name === note.name)?.scorer === "cross-entropy"
      ? `${value.toFixed(3)} nat`
      : `${(100 * value).toFixed(1)} points`;
  return html`<p>This is look ${verdict.look} at these cases. Each look may spend half of what the one before it could, so that all of them together err with at most 5 %: this one decides at a one-sided level of ${verdict.alpha}.</p>
${
  power.length > 0 &&
  html`<div class="scroll"><table><caption>Power, computed before training from the cases alone</caption>
<thead><tr><th scope="col">Criterion</th><th scope="col" class="number">Cases</th><th scope="col" class="number">Clusters</th><th scope="col" class="number">Needed</th><th scope="col" class="number">Planned for</th><th scope="col" class="number">Can find</th></tr></thead>
<tbody>${power.map(
    (note) =>
      html`<tr><th scope="row">${note.name}</th><td class="number">${note.cases}</td><td class="number">${note.clusters}</td><td class="number">${note.needed}</td><td class="number">${unit(note, note.planned)}</td><td class="number">${unit(note, note.detectable)}</td></tr>`,
  )}</tbody></table></div>
<p class="soft">Needed: independent clusters for the planned distance from what is asked. Can find: the distance that these clusters find with 90 % power.</p>`
}`;
}
