import { visible } from "../../report/markup.ts";

/** Markdown whose texts are escaped. */
export class Markdown {
  readonly source: string;
  constructor(source: string) {
    this.source = source;
  }
}

/** A text, which is escaped, or Markdown. */
export type Text = string | Markdown;

/**
 * Text on one line that Markdown renders as it is: no markup, HTML, link or image, and no start of a list, a quote or a heading. A bare
 * URL may still be shown as a link.
 */
function escapeText(text: string): string {
  return visible(text.replace(/\s+/g, " ").trim())
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replace(/[\\`*_[\]|#~]/g, "\\$&")
    .replace(/^(?:>|[-+](?= |$)|[-=](?=[-= ]+$))/, "\\$&")
    .replace(/^(\d+)(?=[.)](?: |$))/, "$1\\");
}

const render = (text: Text): string => (text instanceof Markdown ? text.source : escapeText(text));

/** Template tag for Markdown. Values are escaped unless they are Markdown. */
export const md = (strings: TemplateStringsArray, ...values: (Text | number)[]): Markdown =>
  new Markdown(
    strings
      .map((string, i) => {
        const value = values[i];
        return (
          string + (value === undefined ? "" : render(typeof value === "number" ? String(value) : value))
        );
      })
      .join(""),
  );

export const paragraphs = (parts: readonly Text[]): Markdown => new Markdown(parts.map(render).join("\n\n"));
export const section = (title: string, body: Text): Markdown => paragraphs([md`## ${title}`, body]);
export const bullets = (lines: readonly Text[]): Markdown =>
  new Markdown(lines.map((line) => `- ${render(line)}`).join("\n"));
export const quote = (lines: readonly Text[]): Markdown =>
  new Markdown(lines.map((line) => `> ${render(line)}`).join("\n"));
export const codeBlock = (language: string, text: string): Markdown =>
  new Markdown(`\`\`\`${language}\n${text}\n\`\`\``);

/** Code in a line; the fence is longer than any run of backticks in the text. */
export function code(text: string): Markdown {
  const line = visible(text.replace(/\s+/g, " "));
  const fence = "`".repeat(1 + Math.max(0, ...[...line.matchAll(/`+/g)].map(([run]) => run.length)));
  const pad = fence === "`" ? "" : " ";
  return new Markdown(`${fence}${pad}${line}${pad}${fence}`);
}

/** Markdown table. A `|` ends a cell even in code, so it is escaped there too. */
export function table(head: readonly Text[], rows: readonly (readonly Text[])[]): Markdown {
  const line = (cells: readonly Text[]): string =>
    `| ${cells.map((cell) => render(cell).replace(/(?<!\\)\|/g, "\\|")).join(" | ")} |`;
  return new Markdown([line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n"));
}
