import { cpSync, existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import type { Command } from "commander";
import pc from "picocolors";
import { makeFolder, writing } from "../formats/files.ts";
import { runPipeline } from "../workflow/pipeline.ts";
import type { Context } from "./context.ts";
import { seconds } from "./format.ts";
import { render } from "./render.ts";
import { projectOf, taskOf } from "./task.ts";

const DATASETS = fileURLToPath(new URL("../../datasets", import.meta.url));

export function addQuickstart(program: Command, context: Context): void {
  program
    .command("quickstart")
    .description("The AwesomeShoes task on the bundled base, the whole road; needs no network.")
    .option("--out <dir>", "folder for a copy of the task and its run", "quickstart")
    .option("--engine <name>", "engine to train on (default: auto)")
    .action(async ({ out, engine }: { out: string; engine?: string }) => {
      const began = performance.now();
      const folder = copyTask(out);
      context.output.say(`${pc.bold("quickstart")}: the AwesomeShoes task, copied to ${folder}`);
      const { path: run } = await render(
        runPipeline(projectOf(taskOf(folder), context), { engine }),
        context,
      );
      const took = (performance.now() - began) / 1000;
      context.output.result(
        { event: "quickstart-end", folder, run, seconds: Math.round(took) },
        [
          "",
          `Done in ${seconds(took)}. Where to look next:`,
          `  ${join(run, "report.html")}   the verdict, every answer that changed, the training`,
          `  ${join(folder, "curation.json")}   what was wrong with the transcripts`,
          `  ${join(run, "adapter")}   the adapter in PEFT's format`,
          `  ${join(run, "export", "onnx", "tuned")}   the judged model, for onnxruntime and transformers.js`,
          `  lorafit chat --model ${join(run, "export", "onnx", "tuned")}`,
        ].join("\n"),
      );
    });
}

/** The task folder and the general pack that it shares, side by side as in the package. A folder in use is gone on with. */
function copyTask(out: string): string {
  const folder = resolve(out, "awesomeshoes");
  if (existsSync(join(folder, "task.yaml"))) return folder;
  const copy = (): void => {
    makeFolder(resolve(out));
    for (const name of ["general", "awesomeshoes"]) {
      cpSync(join(DATASETS, name), resolve(out, name), {
        recursive: true,
        filter: (path) => !/\/(make|runs)$/.test(path),
      });
    }
  };
  writing(resolve(out), copy, "choose another --out");
  return folder;
}
