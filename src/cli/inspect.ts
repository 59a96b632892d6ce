import type { Command } from "commander";
import pc from "picocolors";
import { EXIT, listMistakes } from "../errors.ts";
import { inspect } from "../workflow/inspect/inspect.ts";
import type { Inspection } from "../workflow/inspect/inspection.ts";
import type { Context } from "./terminal/context.ts";

export function addInspect(program: Command, context: Context): void {
  program
    .command("inspect")
    .description(
      "Identify a file or folder and say whether it can be trained; of a release, check every file against its hash.",
    )
    .argument("<path>", "model, adapter, export, run, checkpoint, release, task, or rows")
    .action(async (path: string) => show(path, await inspect(path, context.home), context));
}

/** Prints the result; exit code 3 when a release has been changed, or a data file has no usable row. */
function show(path: string, found: Inspection, context: Context): void {
  const { kind, trainable, use, facts, damaged, unusable } = found;
  const names = Object.keys(facts);
  const width = Math.max(0, ...names.map((name) => name.length));
  const value = (fact: Inspection["facts"][string]): string =>
    typeof fact === "number" ? fact.toLocaleString("en") : [fact].flat().join(`\n${" ".repeat(width + 4)}`);
  const lines = [
    `${pc.bold("inspect")}: ${path}: ${pc.bold(kind)}`,
    ...names.map((name) => `  ${name.replaceAll("_", " ").padEnd(width)}  ${value(facts[name]!)}`),
    `  ${trainable ? pc.green("can be trained") : pc.yellow("cannot be trained")}; ${use}`,
    ...(damaged === undefined ? [] : [verdictOn(damaged)]),
  ];
  context.output.result({ event: "inspected", path, ...found }, lines.join("\n"));
  if (unusable || (damaged !== undefined && damaged.length > 0)) context.exitCode = EXIT.data;
}

const verdictOn = (damaged: readonly string[]): string =>
  damaged.length === 0
    ? `  ${pc.green("every file is as it was released")}`
    : `  ${pc.red("not as it was released")}:\n${listMistakes(
        damaged.map((line) => `  ${line}`),
        50,
      )}`;
