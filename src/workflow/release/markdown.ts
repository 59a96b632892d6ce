/** Escapes foreign text for Markdown and HTML, on one line. */
export const plain = (text: string): string =>
  text
    .replace(/\s+/g, " ")
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replace(/[\\*_[\]|#~]/g, "\\$&");

export const section = (title: string, body: string): string => `## ${title}\n\n${body}`;
export const bullets = (lines: readonly string[]): string => lines.map((line) => `- ${line}`).join("\n");
export const code = (language: string, text: string): string => `\`\`\`${language}\n${text}\n\`\`\``;

/** Markdown table; escapes `|` and line breaks within cells. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => cell.replace(/\s+/g, " ").replace(/(?<!\\)\|/g, "\\|")).join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n");
}
