import { snakeKeys } from "../../formats/snake.ts";

/** Output of a verb. With --json stdout carries one JSON object per line, and text for people goes to stderr. */
export interface Output {
  readonly json: boolean;
  readonly quiet: boolean;
  /** An event: a JSON line for machines, and, if given and without --quiet, a line for people. */
  event(value: object, text?: string): void;
  /** Result of the verb: printed even with --quiet. Keys of `value` become snake_case. */
  result(value: object, text: string): void;
  /** A line for people, on stdout (stderr with --json). */
  say(text: string): void;
  /** A line for people, on stderr. */
  warn(text: string): void;
  /** Progress: one line that is rewritten on a terminal, else a plain line now and then. */
  progress(text: string): void;
  /** Ends the rewritten line. */
  settle(): void;
}

/** Colours and weights that picocolors sets. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: the pattern looks for them
const STYLE = /\x1b\[(?:[0-4]|7|9|2[2-9]|3[0-79]|4[0-79]|9[0-7]|10[0-7])m/g;
/** Control characters except tab and line feed, and characters that reorder the text around them. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: the pattern looks for them
const CONTROL = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;

const escaped = (character: string): string => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;

/**
 * Text for a terminal. Texts of files, templates, rows and models may hold control characters, which would move the cursor, hide text or
 * run a terminal's commands: they are written as \u001b. Our own colours stay.
 */
export function printable(text: string): string {
  const styles = text.match(STYLE) ?? [];
  return text
    .split(STYLE)
    .map((part, i) => part.replace(CONTROL, escaped) + (styles[i] ?? ""))
    .join("");
}

/** Without a terminal, progress is printed at most this often. */
const PLAIN_PROGRESS_MS = 10_000;

export function createOutput(options: { readonly json?: boolean; readonly quiet?: boolean } = {}): Output {
  const { json = false, quiet = false } = options;
  let open = false;
  let last = Number.NEGATIVE_INFINITY;
  const settle = (): void => {
    if (open) process.stderr.write("\n");
    open = false;
  };
  const write = (stream: NodeJS.WriteStream, text: string): void => {
    settle();
    stream.write(`${printable(text)}\n`);
  };
  const people = json ? process.stderr : process.stdout;
  const machine = (value: object): void => {
    if (json) write(process.stdout, JSON.stringify(snakeKeys(value)));
  };
  return {
    json,
    quiet,
    settle,
    event(value, text) {
      machine(value);
      if (text !== undefined && !quiet) write(people, text);
    },
    result(value, text) {
      machine(value);
      if (!json || !quiet) write(people, text);
    },
    say(text) {
      if (!quiet) write(people, text);
    },
    warn(text) {
      write(process.stderr, text);
    },
    progress(text) {
      if (quiet) return;
      if (process.stderr.isTTY) {
        process.stderr.write(`\r${printable(text).slice(0, (process.stderr.columns ?? 80) - 1)}\x1b[K`);
        open = true;
      } else if (performance.now() - last >= PLAIN_PROGRESS_MS) {
        last = performance.now();
        process.stderr.write(`${printable(text)}\n`);
      }
    },
  };
}
