import { html, type Markup } from "./markup.ts";

/** A part of the task that is still invented, and what belongs there. */
export interface ToReplace {
  what: string;
  instead: string;
}

/** The first thing to know of a run over a template: none of it is about the reader's own job. */
export function replaceBox(parts: readonly ToReplace[]): Markup | undefined {
  if (parts.length === 0) return undefined;
  return html`<section class="note" aria-labelledby="replace"><h3 id="replace">To replace before this says anything of your own job</h3>
<p>The task still holds texts that <code>lorafit init</code> invented.</p>
<ul>${parts.map(({ what, instead }) => html`<li><b>${what}</b>: put in ${instead}.</li>`)}</ul></section>`;
}
