import { subscribe } from "node:diagnostics_channel";
import { Command } from "commander";
import pc from "picocolors";
import { WARNINGS } from "../errors.ts";
import { packageVersion } from "../package.ts";
import { type Context, createContext } from "./terminal/context.ts";
import { reportFailure } from "./terminal/failure.ts";
import { createOutput } from "./terminal/output.ts";
import { VERBS } from "./verbs.ts";

/** Runs one command line. @returns the exit code */
export async function main(args: readonly string[]): Promise<number> {
  ignoreClosedPipes();
  const context = createContext();
  subscribe(WARNINGS, (text) => context.output.warn(`${pc.yellow("warning")}: ${String(text)}`));
  const program = createProgram(context);
  // An error in the flags is reported in the form that --json and --quiet request.
  context.output = createOutput({ json: args.includes("--json"), quiet: args.includes("--quiet") });
  try {
    await program.parseAsync(args as string[], { from: "user" });
    return context.exitCode;
  } catch (error) {
    return reportFailure(error, context.output);
  } finally {
    context.output.settle();
  }
}

/** Program with all verbs and their flags; parsing runs one. */
export function createProgram(context: Context): Command {
  const program = new Command("lorafit")
    .description(
      "Specialise a small open model to one narrow job on one workstation, and prove that it helped.",
    )
    .version(packageVersion())
    .exitOverride()
    .configureOutput({ writeOut: (text) => process.stdout.write(text), outputError: () => {} })
    .hook("preAction", (_program, verb) => {
      context.output = createOutput(verb.opts());
    });
  for (const add of VERBS) add(program, context);
  addCommonFlags(program);
  return program;
}

function addCommonFlags(command: Command): void {
  for (const verb of command.commands) {
    addCommonFlags(verb);
    // A group of verbs has no arguments of its own.
    if (verb.commands.length === 0 || verb.registeredArguments.length > 0) {
      verb
        .option("--json", "events and results as one JSON object a line on stdout; text for people on stderr")
        .option("--quiet", "only results and errors");
    }
  }
}

/** Ignores a closed stdout, as in `lorafit … | head`: work and exit code are not affected. */
function ignoreClosedPipes(): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on("error", (error: NodeJS.ErrnoException) => {
      if (error.code !== "EPIPE") throw error;
    });
  }
}
