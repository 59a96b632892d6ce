import { execFile } from "node:child_process";
import { LorafitError } from "../../../errors.ts";

export interface CommandOptions {
  readonly cwd: string;
  readonly signal: AbortSignal;
  readonly env?: NodeJS.ProcessEnv;
}

/**
 * Runs a program to its end. @returns its stdout
 * @throws environment error with the program's own error line; the signal's reason when aborted
 */
export function command(file: string, args: readonly string[], options: CommandOptions): Promise<string> {
  const { cwd, signal, env = {} } = options;
  return new Promise((resolve, reject) => {
    execFile(
      file,
      args,
      { cwd, signal, env: { ...process.env, ...env }, maxBuffer: 1 << 28 },
      (error, stdout, stderr) => {
        if (error === null) resolve(stdout);
        else if (signal.aborted) reject(signal.reason);
        else if (error.code === "ENOENT") reject(failed(file, "there is no such program", error));
        else reject(failed(file, complaintIn(`${stderr}\n${stdout}`) ?? error.message, error));
      },
    );
  });
}

const DISK_FULL = /not enough space|no space left on device|disk quota exceeded|ENOSPC|EDQUOT/i;

/** True for errors about disk space: another route would fail as well. */
export const isDiskFull = (message: string): boolean => DISK_FULL.test(message);

function failed(file: string, complaint: string, cause: unknown): LorafitError {
  return new LorafitError("environment", `${file}: ${complaint}`, {
    cause,
    ...(isDiskFull(complaint)
      ? { hint: "free some space, or set LORAFIT_HOME to a folder on another disk" }
      : {}),
  });
}

/** The line of a program's output to report: about disk space, else its first error, else its last line. */
export function complaintIn(printed: string): string | undefined {
  const lines = printed.split("\n").map((line) => line.trim());
  const complaint =
    lines.find((line) => DISK_FULL.test(line)) ??
    lines.find((line) => /error(?!')/i.test(line)) ??
    lines.findLast((line) => line !== "");
  return complaint?.replace(/^error: /i, "");
}
