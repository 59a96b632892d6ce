import type { Colors } from "picocolors/types.js";
import { percent } from "../formats/percent.ts";
import { type EncodedRow, IGNORED } from "./encode.ts";
import type { RowTokenizer } from "./row-format.ts";

/** A span of a row whose tokens are all trained on, or all not. */
export interface PreviewPiece {
  readonly text: string;
  readonly tokens: number;
  readonly trained: boolean;
}

export interface PreviewRow {
  /** file:line */
  readonly where: string;
  readonly pieces: readonly PreviewPiece[];
  readonly tokens: number;
  readonly supervised: number;
  readonly truncated: number;
  /** The target, where it is no token. */
  readonly answer?: string | undefined;
}

/** Totals over all training rows, and the first few rows in full. */
export interface Preview {
  readonly rows: number;
  /** Rows by the shape that they have in the file. */
  readonly shapes: Readonly<Record<string, number>>;
  readonly tokens: number;
  readonly supervised: number;
  /** Share of tokens that are trained on; under LOW_SHARE there is little to learn from. */
  readonly share: number;
  readonly longest: number;
  /** Rows that lost their beginning. */
  readonly truncated: number;
  readonly shown: readonly PreviewRow[];
}

export const LOW_SHARE = 0.05;

export function preview(
  rows: readonly EncodedRow[],
  tokenizer: Pick<RowTokenizer, "decode">,
  options: { readonly show: number },
): Preview {
  const tokens = rows.reduce((sum, row) => sum + row.ids.length, 0);
  const supervised = rows.reduce((sum, row) => sum + row.supervised, 0);
  const shapes: Record<string, number> = {};
  for (const { shape } of rows) shapes[shape] = (shapes[shape] ?? 0) + 1;
  return {
    rows: rows.length,
    shapes,
    tokens,
    supervised,
    share: tokens === 0 ? 0 : supervised / tokens,
    longest: rows.reduce((most, row) => Math.max(most, row.ids.length), 0),
    truncated: rows.filter((row) => row.truncated > 0).length,
    shown: rows.slice(0, options.show).map((row) => ({
      where: row.where,
      pieces: piecesOf(row, tokenizer),
      tokens: row.ids.length,
      supervised: row.supervised,
      truncated: row.truncated,
      answer: row.answer,
    })),
  };
}

function piecesOf({ ids, targets }: EncodedRow, tokenizer: Pick<RowTokenizer, "decode">): PreviewPiece[] {
  const pieces: PreviewPiece[] = [];
  const isTrained = (t: number) => t > 0 && targets[t - 1] !== IGNORED;
  for (let start = 0, t = 1; t <= ids.length; t++) {
    if (t < ids.length && isTrained(t) === isTrained(start)) continue;
    const text = tokenizer.decode(ids.slice(start, t), { skipSpecial: false });
    pieces.push({ text, tokens: t - start, trained: isTrained(start) });
    start = t;
  }
  return pieces;
}

/** The preview for a terminal: what is trained on in green, the rest dim. Without colour it is in «». */
export function paintPreview(preview: Preview, colors: Colors): string {
  const trained = (text: string) => (colors.isColorSupported ? colors.green(text) : `«${text}»`);
  const lines = preview.shown.flatMap((row) => {
    const cut =
      row.truncated > 0
        ? colors.yellow(`, ${row.truncated} cut from the ${row.answer === undefined ? "front" : "end"}`)
        : "";
    const what =
      row.answer === undefined
        ? `${row.supervised} of ${row.tokens} tokens trained on`
        : `${row.tokens} tokens`;
    const head = `${colors.bold(row.where)} ${what}${cut}`;
    const body = row.pieces
      .map(({ text, trained: on }) => paintLines(text, on ? trained : colors.dim))
      .join("");
    const answer = row.answer === undefined ? [] : [`→ ${trained(row.answer)}`];
    return [head, body, ...answer, ""];
  });
  const shapes = Object.entries(preview.shapes)
    .map(([shape, count]) => (count === preview.rows ? shape : `${count} ${shape}`))
    .join(", ");
  const text = percent(preview.share);
  const share = preview.share < LOW_SHARE ? colors.yellow(`${text}, which is little`) : text;
  const labelled = preview.shown.some(({ answer }) => answer !== undefined);
  const trainedOn = labelled ? "" : `, ${preview.supervised} of them trained on (${share})`;
  lines.push(
    `${preview.rows} rows (${shapes}), ${preview.tokens} tokens${trainedOn}; longest row ${preview.longest}, ${preview.truncated} truncated`,
  );
  return lines.join("\n");
}

/** Each line by itself, since pagers end a colour at the line's end; control characters are shown, not sent. */
function paintLines(text: string, paint: (text: string) => string): string {
  const safe = text.replace(/\p{Cc}/gu, (c) =>
    c === "\n" ? c : `\\x${c.charCodeAt(0).toString(16).padStart(2, "0")}`,
  );
  return safe
    .split("\n")
    .map((line) => (line === "" ? "" : paint(line)))
    .join("\n");
}
