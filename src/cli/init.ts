import { cpSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { type Command, Option } from "commander";
import pc from "picocolors";
import { LorafitError } from "../errors.ts";
import { makeFolder, writing } from "../formats/files.ts";
import { templateOf } from "../kinds/index.ts";
import { taskSchemaText } from "../task/reference.ts";
import { TASK_KINDS, type TaskSpec } from "../task/schema.ts";
import type { Context } from "./terminal/context.ts";

export function addInit(program: Command, context: Context): void {
  program
    .command("init")
    .description("A commented task to fill in, that already runs.")
    .argument("<dir>", "folder to make; must be empty or new")
    .addOption(new Option("--kind <kind>", "what the model does").choices(TASK_KINDS).makeOptionMandatory())
    .action((dir: string, { kind }: { kind: TaskSpec["kind"] }) => init(dir, kind, context));
}

function init(dir: string, kind: TaskSpec["kind"], { output }: Context): void {
  const template = templateOf(kind);
  const folder = resolve(dir);
  refuseUsed(folder);
  copyWhole(template.folder, folder);
  const shown = relative(process.cwd(), folder) || ".";
  const files = readdirSync(folder);
  output.result(
    { event: "initialised", folder, kind, files },
    [
      `${pc.bold("init")}: a ${kind} task in ${shown}, with ${template.example} in it. It runs without changes:`,
      `  lorafit run ${shown}`,
      "",
      "Then put your own in:",
      ...template.parts.map(([path, content]) => `  ${path.padEnd(14)} ${content}`),
      "",
      "And step by step:",
      `  lorafit curate ${shown}            what is wrong with the transcripts`,
      `  lorafit lock ${shown}              freeze cases and criteria`,
      `  lorafit train ${shown} --dry-run   settings, plan and memory; trains nothing`,
      `  lorafit run ${shown}               the whole pipeline, to a verdict`,
    ].join("\n"),
  );
}

/** @throws usage error for a file, or for a folder that is not empty */
function refuseUsed(folder: string): void {
  const stat = statSync(folder, { throwIfNoEntry: false });
  if (stat === undefined || (stat.isDirectory() && readdirSync(folder).length === 0)) return;
  throw new LorafitError("usage", `${folder}: is ${stat.isDirectory() ? "not empty" : "a file"}`, {
    hint: "name a new folder",
  });
}

/** Copies the whole template or nothing. @throws environment error when it cannot be written */
function copyWhole(template: string, folder: string): void {
  const temporary = `${folder}.${process.pid}.tmp`;
  try {
    writing(folder, () => {
      makeFolder(dirname(folder));
      cpSync(template, temporary, { recursive: true });
      writeFileSync(join(temporary, "task.schema.json"), taskSchemaText());
      renameSync(temporary, folder);
    });
  } finally {
    rmSync(temporary, { recursive: true, force: true });
  }
}
