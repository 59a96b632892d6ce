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
Each line on stdout answers the line of the same number:
  {"outcome", "p", "ci", "difference", "estimate", "clusters", "notes"}
difference is tuned against base, each cluster weighing one; ci holds two one-sided bounds at alpha of the estimate:
the difference, or for at-least and at-most the tuned model's score, for the other two the share of failing clusters.
A line that cannot be used is answered by {"error"}, named on stderr, and makes the exit code 3.
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
  if (process.stdin.isTTY) {
    throw new LorafitError("usage", "debug decide: there is nothing on stdin", {
      hint: "pipe JSON lines into it; --help has their form",
    });
  }
  let number = 0;
  for await (const line of createInterface({ input: process.stdin, crlfDelay: Number.POSITIVE_INFINITY })) {
    number++;
    if (line.trim() === "") continue;
    const result = answer(line);
    if ("decision" in result) {
      await write(result.decision);
      continue;
    }
    const error = result.mistakes.slice(0, 3).join("; ");
    const more = result.mistakes.length > 3 ? `; and ${result.mistakes.length - 3} more` : "";
    context.output.warn(`stdin:${number}: ${error}${more}`);
    context.exitCode = EXIT.data;
    await write({ error: `${error}${more}` });
  }
}

function answer(line: string): ReturnType<typeof decideLine> {
  try {
    return decideLine(JSON.parse(line));
  } catch (cause) {
    if (!(cause instanceof SyntaxError)) throw cause;
    return { mistakes: [`is not JSON: ${cause.message}`] };
  }
}

/** Writes a line, and waits where the reader is slower. */
async function write(value: object): Promise<void> {
  if (process.stdout.write(`${JSON.stringify(value)}\n`)) return;
  await new Promise((resolve) => process.stdout.once("drain", resolve));
}
