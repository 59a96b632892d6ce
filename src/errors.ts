import { channel } from "node:diagnostics_channel";

/** Exit codes by kind of outcome; docs/cli.md lists them. */
export const EXIT = {
  done: 0,
  failed: 1,
  usage: 2,
  data: 3,
  inconclusive: 4,
  mismatch: 5,
  environment: 6,
  interrupted: 130,
} as const;

/** Kind of an error from the user's point of view; determines the exit code. */
export type ErrorKind = Exclude<keyof typeof EXIT, "done" | "inconclusive">;

const MARKER = Symbol.for("lorafit.error");

/**
 * Error that a user can cause or must act on. `message` is one line with the place (file:line or key) and the problem; `hint`
 * says what to do. Any other thrown value is a bug in lorafit and exits with 6.
 */
export class LorafitError extends Error {
  readonly [MARKER] = true;
  readonly kind: ErrorKind;
  readonly hint: string | undefined;

  constructor(kind: ErrorKind, message: string, options: { hint?: string; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? {} : { cause: options.cause });
    this.name = "LorafitError";
    this.kind = kind;
    this.hint = options.hint;
  }

  get exitCode(): number {
    return EXIT[this.kind];
  }

  /** Works across duplicate copies of the package, where instanceof does not. */
  static is(error: unknown): error is LorafitError {
    return typeof error === "object" && error !== null && MARKER in error;
  }
}

/** Lists many mistakes of one kind: the first `limit` lines, then a count of the rest. */
export function listMistakes(lines: readonly string[], limit = 20): string {
  const shown = lines.slice(0, limit).map((line) => `  ${line}`);
  if (lines.length > limit) shown.push(`  … and ${lines.length - limit} more`);
  return shown.join("\n");
}

/** Channel of warnings: texts of one line about input that works and may not be meant. The command line prints them. */
export const WARNINGS = "lorafit:warning";

const warnings = channel(WARNINGS);
const published = new Set<string>();

/** Publishes a warning; the same text once per process. */
export function warn(text: string): void {
  if (published.has(text)) return;
  published.add(text);
  warnings.publish(text);
}
