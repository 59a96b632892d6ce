import type { Precondition } from "../../evaluate/preconditions/preconditions.ts";
import { html, type Markup } from "../markup.ts";
import { outcomeText } from "./verdict.ts";

/** Preconditions on artefact, answers and data, with their findings. */
export function preconditionsTable(preconditions: readonly Precondition[]): Markup {
  return html`<h3>Preconditions</h3><div class="scroll"><table><caption>What must hold of artefact, answers and training rows before scores mean anything; one that fails refuses</caption>
<thead><tr><th scope="col">Precondition</th><th scope="col">Found</th><th scope="col">Outcome</th></tr></thead>
<tbody>${preconditions.map(({ name, outcome, evidence }) => html`<tr class="${outcome}"><th scope="row">${name}</th><td dir="auto">${evidence}</td><td>${outcomeText(outcome)}</td></tr>`)}</tbody></table></div>`;
}
