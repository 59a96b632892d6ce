import { CommanderError } from "commander";
import pc from "picocolors";
import { EXIT, LorafitError } from "../../errors.ts";
import type { Output } from "./output.ts";

interface Failure {
  readonly kind: string;
  readonly message: string;
  readonly hint?: string | undefined;
  readonly exitCode: number;
}

/** Turns a thrown value into a line on stderr and an exit code; the only place that does. */
export function reportFailure(error: unknown, output: Output): number {
  // Help or version was requested and has been printed.
  if (error instanceof CommanderError && error.exitCode === 0) return EXIT.done;
  const failure = failureOf(error);
  output.settle();
  output.event({ event: "error", ...failure });
  if (failure.message !== "") output.warn(`${pc.red("error")}: ${failure.message}`);
  if (failure.hint !== undefined) output.warn(`${pc.dim("hint")}: ${failure.hint}`);
  if (process.env["LORAFIT_DEBUG"] && error instanceof Error) output.warn(stackOf(error));
  return failure.exitCode;
}

function failureOf(error: unknown): Failure {
  if (LorafitError.is(error)) {
    return { kind: error.kind, message: error.message, hint: error.hint, exitCode: error.exitCode };
  }
  if (error instanceof CommanderError) {
    // commander.help: no verb was named, and the help has been printed.
    const message =
      error.code === "commander.help" ? "" : error.message.replace(/^error: /, "").replace("\n", " ");
    return {
      kind: "usage",
      message,
      hint: "`lorafit --help` lists the verbs, `lorafit VERB --help` their flags",
      exitCode: EXIT.usage,
    };
  }
  const message = error instanceof Error ? error.message : String(error);
  const hint = isSystemError(error)
    ? "check the path, free space and permission"
    : "this is a bug in lorafit; set LORAFIT_DEBUG=1 to see where, and report it";
  return { kind: "environment", message, hint, exitCode: EXIT.environment };
}

function isSystemError(error: unknown): boolean {
  return error instanceof Error && "syscall" in error;
}

function stackOf(error: Error): string {
  const cause = error.cause instanceof Error ? `\ncaused by ${error.cause.stack}` : "";
  return `${error.stack}${cause}`;
}
