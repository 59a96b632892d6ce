import type { Command } from "commander";
import pc from "picocolors";
import { LorafitError } from "../errors.ts";
import { releaseRun } from "../workflow/release/release.ts";
import type { Context } from "./terminal/context.ts";
import { runOf } from "./terminal/task.ts";

interface Flags {
  readonly out: string;
  readonly override?: true;
  readonly reason?: string;
}

export function addRelease(program: Command, context: Context): void {
  program
    .command("release")
    .description(
      "Write a run as a folder with model, adapter, model card and hashes: only on a pass for exactly these files, signed by all roles.",
    )
    .argument("[run]", "run directory, or a task folder for its newest run (default: here)")
    .requiredOption("--out <dir>", "folder to make; must be empty or new")
    .option("--override", "release without a pass or without all sign-offs; needs --reason")
    .option("--reason <text>", "reason of the override, kept in the model card and in release.json")
    .action((path: string | undefined, flags: Flags) => release(path, flags, context));
}

async function release(path: string | undefined, flags: Flags, context: Context): Promise<void> {
  const override = overrideOf(flags);
  const run = runOf(path, context);
  const { output } = context;
  output.progress("release: checking that verdict, artefact, lock and sign-offs belong together");
  const { files, ...about } = await releaseRun(run, {
    out: flags.out,
    ...(override === undefined ? {} : { override }),
  });
  const names = Object.keys(files);
  output.result(
    { event: "released", out: flags.out, ...about, files: names },
    [
      `${pc.bold("release")}: ${names.length} files in ${flags.out}, verdict ${about.verdict}` +
        (about.override === null ? ", signed by all roles" : `, ${pc.yellow("by override")}`),
      `README.md is its model card; \`lorafit inspect ${flags.out}\` checks every file`,
    ].join("\n"),
  );
}

function overrideOf({ override, reason }: Flags): string | undefined {
  if (override === undefined && reason === undefined) return undefined;
  if (override !== undefined && reason !== undefined && reason.trim() !== "") return reason.trim();
  throw new LorafitError("usage", "--override and --reason TEXT go together", {
    hint: "state the reason; it is shown in the model card",
  });
}
