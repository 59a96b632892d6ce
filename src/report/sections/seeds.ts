import type { CriterionResult } from "../../evaluate/decision/decide.ts";
import type { SeedResult } from "../../evaluate/decision/seeds.ts";
import { differenceText } from "../../evaluate/result-text.ts";
import { html, type Markup } from "../markup.ts";

/** Results of the same training with other seeds. */
export function seedsTable(seeds: readonly SeedResult[], criteria: readonly CriterionResult[]): Markup {
  return html`<h3>Seeds</h3><div class="scroll"><table><caption>Differences of the same training with each seed; the first ships, and none may be on the wrong side of what is asked</caption>
<thead><tr><th scope="col">Seed</th>${criteria.map(({ name }) => html`<th scope="col" class="number">${name}</th>`)}</tr></thead>
<tbody>${seeds.map(
    ({ seed, run, differences, against }) =>
      html`<tr><th scope="row">${seed}${run === "." && html`<small>ships</small>`}</th>${criteria.map(
        (criterion) => {
          const wrong = against.includes(criterion.name);
          return html`<td class="number ${wrong ? "fail" : ""}">${differenceText(criterion, differences[criterion.name]!)}${wrong && html` <span class="outcome">✗</span>`}</td>`;
        },
      )}</tr>`,
  )}</tbody></table></div>`;
}
