import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

const bin = fileURLToPath(new URL("../../dist/cli.js", import.meta.url));

export interface Finished {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Process {
  readonly finished: Promise<Finished>;
  kill(signal: NodeJS.Signals): void;
  /** Closes stdout early, like `| head`. */
  closeStdout(): void;
  /** Resolves when stdout and stderr together match. */
  shows(pattern: RegExp): Promise<void>;
}

/** Runs the built CLI; `npm run build` makes it. */
export function lorafit(
  args: readonly string[],
  options: { cwd?: string; env?: Record<string, string> } = {},
): Process {
  if (!existsSync(bin)) throw new Error("dist/cli.js is missing: npm run build");
  const env = { ...process.env, NO_COLOR: "1", ...options.env };
  const child = spawn(process.execPath, [bin, ...args], {
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    env,
  });
  const text = { stdout: "", stderr: "" };
  const waiting: { pattern: RegExp; resolve: () => void }[] = [];
  const check = (): void => {
    for (const { pattern, resolve } of waiting) if (pattern.test(text.stdout + text.stderr)) resolve();
  };
  for (const name of ["stdout", "stderr"] as const) {
    child[name].setEncoding("utf8").on("data", (chunk: string) => {
      text[name] += chunk;
      check();
    });
  }
  const finished = new Promise<Finished>((resolve) => {
    child.on("close", (code, signal) => {
      resolve({ code, signal, ...text });
      for (const { resolve } of waiting) resolve();
    });
  });
  return {
    finished,
    kill: (signal) => void child.kill(signal),
    closeStdout: () => void child.stdout.destroy(),
    shows: (pattern) =>
      new Promise((resolve) => {
        waiting.push({ pattern, resolve });
        check();
      }),
  };
}

/** JSON lines of a --json run. */
export const jsonLines = ({ stdout }: Finished): Record<string, unknown>[] =>
  stdout
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as Record<string, unknown>);
