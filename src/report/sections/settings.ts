import { html, type Markup } from "../markup.ts";

/** A setting of the run. */
export interface Setting {
  key: string;
  value: unknown;
  /** Origin: task.yaml, --set, or default. */
  origin: string;
  /** Default value; undefined when there is none. */
  usual?: unknown;
}

const valueText = (value: unknown) => (typeof value === "string" ? value : JSON.stringify(value));
const differs = ({ value, usual }: Setting) => JSON.stringify(value) !== JSON.stringify(usual);

/** Hyperparameters with their origins, those that differ from the default first. Undefined when none are known. */
export function settingsSection(settings: readonly Setting[]): Markup | undefined {
  if (settings.length === 0) return undefined;
  const [chosen, usual] = [settings.filter(differs), settings.filter((setting) => !differs(setting))];
  return html`${settingsTable("Differ from the default", chosen)}
<details class="more"><summary>Show the ${usual.length} that are as by default</summary>${settingsTable("As by default", usual)}</details>`;
}

function settingsTable(caption: string, settings: readonly Setting[]): Markup | undefined {
  if (settings.length === 0) return undefined;
  return html`<div class="scroll"><table><caption>${caption}</caption><thead><tr><th scope="col">Setting</th><th scope="col">Value</th><th scope="col">Default</th><th scope="col">Set by</th></tr></thead>
<tbody>${settings.map(
    (setting) =>
      html`<tr><th scope="row">${setting.key}</th><td><code>${valueText(setting.value)}</code></td><td>${setting.usual === undefined ? "–" : html`<code>${valueText(setting.usual)}</code>`}</td><td>${setting.origin}</td></tr>`,
  )}</tbody></table></div>`;
}
