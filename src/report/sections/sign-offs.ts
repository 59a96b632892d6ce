import { html, type Markup } from "../markup.ts";

/** A role whose agreement is required, and its last sign-off on the run. */
export interface SignOffLine {
  /** Full name, such as model adaptation lead. */
  role: string;
  /** Name of the signer; absent before a sign-off. */
  name?: string;
  at?: string;
  note?: string;
  /** Reason that the sign-off is void. */
  void?: string;
}

const stateOf = (line: SignOffLine) => {
  if (line.name === undefined) return "not signed";
  return line.void === undefined ? "signed" : `void: ${line.void}`;
};

const isSigned = (line: SignOffLine) => stateOf(line) === "signed";

/** State of each sign-off on one line for the first page. */
export function signOffStrip(lines: readonly SignOffLine[]): Markup {
  return html`<p class="strip"><b>Sign-offs</b> ${lines.map(
    (line) =>
      html`<span><span class="${isSigned(line) ? "pass" : "inconclusive"}"><span class="outcome" aria-hidden="true">${isSigned(line) ? "✓" : "○"}</span></span> ${line.role}: ${line.name !== undefined && html`${line.name}, `}${stateOf(line)}</span>`,
  )}</p>`;
}

export function signOffsSection(lines: readonly SignOffLine[]): Markup {
  return html`<div class="scroll"><table><caption>Each is bound to this verdict and this artefact; a change of either makes it void</caption>
<thead><tr><th scope="col">Role</th><th scope="col">Name</th><th scope="col">When</th><th scope="col">State</th><th scope="col">Note</th></tr></thead>
<tbody>${lines.map(
    (line) =>
      html`<tr><th scope="row">${line.role}</th><td dir="auto">${line.name ?? "–"}</td><td>${line.at?.slice(0, 16).replace("T", " ") ?? "–"}</td><td>${stateOf(line)}</td><td dir="auto">${line.note ?? ""}</td></tr>`,
  )}</tbody></table></div>`;
}
