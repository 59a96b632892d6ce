import { createInterface } from "node:readline";
import type { Command } from "commander";
import { EXIT, LorafitError } from "../../errors.ts";
import { decideLine } from "../../evaluate/decision/decide-line.ts";
import type { Context } from "../terminal/context.ts";

const HELP = `
Each line on stdin is one question to the gate:
  {"criterion": {"kind", "margin"?, "effect"?, "floor"?, "ceiling"?, "scorer"?}, "alpha", "seed",
   "scores": [{"id", "cluster", "base", "tuned"}, ...]}
kind: superiority, non-inferiority, at-least, at-most, zero-new-failures, zero-failures.
Scores are shares from 0 to 1, higher is better; with "scorer": "cross-entropy" they are nats, lower is better.
Names are compared as they are seen, without surrounding blanks and characters of no width; an id may be used once in a line. Blank lines are skipped.
Each line on stdout answers the line on stdin of the same number, blank lines not counted:
  {"outcome", "p", "ci", "difference", "estimate", "clusters", "notes"}
difference is tuned against base, each cluster weighing one; ci holds two one-sided bounds at alpha of the estimate:
the difference, or for at-least and at-most the tuned model's score, for the other two the share of failing clusters.
A line that cannot be used is answered by {"error"}, named on stderr with its number in the file, and makes the exit code 3.
`;

/** debug decide: the gate's decision on scores from anywhere. */
export function addDecide(debug: Command, context: Context): void {
  debug
    .command("decide")
    .description(
      'Decisions by the code of the gate: for each JSON line {"criterion", "alpha", "seed", "scores"} on stdin one line {"outcome", "p", "ci", "difference", "estimate", "clusters", "notes"}, or {"error"} and exit code 3. docs/gate.md describes the fields.',
    )
    .addHelpText("after", HELP)
    .action(() => decide(context));
}

async function decide(context: Context): Promise<void> {
  let number = 0;
  let answered = 0;
  const lines = createInterface({ input: process.stdin, crlfDelay: Number.POSITIVE_INFINITY });
  for await (const line of process.stdin.isTTY ? [] : lines) {
    number++;
    // trim also removes a byte order mark.
    const text = line.trim();
    if (text === "") continue;
    answered++;
    const result = answer(text);
    let reply: object;
    if ("decision" in result) reply = result.decision;
    else {
      const more = result.mistakes.length > 3 ? `; and ${result.mistakes.length - 3} more` : "";
      const error = `${result.mistakes.slice(0, 3).join("; ")}${more}`;
      context.output.warn(`stdin:${number}: ${error}`);
      context.exitCode = EXIT.data;
      reply = { error };
    }
    if (!(await write(reply))) break;
  }
  lines.close();
  if (answered > 0) return;
  throw new LorafitError("usage", "debug decide: there is nothing on stdin", {
    hint: "pipe JSON lines into it; --help has their form",
  });
}

function answer(line: string): ReturnType<typeof decideLine> {
  try {
    return decideLine(JSON.parse(line));
  } catch (cause) {
    if (!(cause instanceof SyntaxError)) throw cause;
    return { mistakes: [`is not JSON: ${cause.message}`] };
  }
}

/** Writes a line, and waits where the reader is slower. @returns false when the reader has closed the pipe */
function write(value: object): Promise<boolean> {
  return new Promise((resolve) => {
    process.stdout.write(`${JSON.stringify(value)}\n`, (error) => resolve(!error));
  });
}
