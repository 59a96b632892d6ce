import { html, type Markup } from "./markup.ts";

/** Names and hashes of the judged artefact, its inputs and the versions. */
export function identitySection(facts: Readonly<Record<string, string>>): Markup {
  return html`<div class="scroll"><table class="facts"><caption>This report is about exactly these</caption><tbody>
${Object.entries(facts).map(([name, value]) => html`<tr><th scope="row">${name}</th><td><code>${value}</code></td></tr>`)}</tbody></table></div>`;
}
