import { html, type Markup } from "../markup.ts";

/** A part of the task that is still the template's, and its replacement. */
export interface ToReplace {
  what: string;
  instead: string;
}

/** Notice for a run over a template: its results say nothing about the reader's own job. */
export function replaceBox(parts: readonly ToReplace[]): Markup | undefined {
  if (parts.length === 0) return undefined;
  return html`<section class="note" aria-labelledby="replace"><h3 id="replace">To replace before this says anything of your own job</h3>
<p>The task still holds texts that <code>lorafit init</code> invented.</p>
<ul>${parts.map(({ what, instead }) => html`<li><b>${what}</b>: put in ${instead}.</li>`)}</ul></section>`;
}
