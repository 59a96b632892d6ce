import type { Command } from "commander";
import pc from "picocolors";
import { driftTable } from "../drift/table.ts";
import { driftFolder, driftOf } from "../workflow/drift-run.ts";
import type { Context } from "./terminal/context.ts";

export function addDrift(program: Command, context: Context): void {
  program
    .command("drift")
    .description("Compare new queries with those of the training period, and name what is new.")
    .argument("<run>", "run directory, a task folder for its newest run, or a release")
    .argument("<queries>", 'new queries, JSONL of {"text"} or {"messages"}, with "date" if known; or CSV')
    .option("--out <dir>", "folder for drift.json and the ledger of looks (default: the run)")
    .action((path: string, queries: string, flags: { out?: string }) => {
      const result = driftOf(driftFolder(path), queries, flags.out);
      context.output.result({ event: "drift-compared", ...result }, driftTable(result, pc.isColorSupported));
      context.exitCode = result.exit_code;
    });
}
