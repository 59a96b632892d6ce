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
    stream.write(`${text}\n`);
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
        process.stderr.write(`\r${text.slice(0, (process.stderr.columns ?? 80) - 1)}\x1b[K`);
        open = true;
      } else if (performance.now() - last >= PLAIN_PROGRESS_MS) {
        last = performance.now();
        process.stderr.write(`${text}\n`);
      }
    },
  };
}
