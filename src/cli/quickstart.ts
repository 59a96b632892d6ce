import { cpSync, existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import type { Command } from "commander";
import pc from "picocolors";
import type { Verdict } from "../evaluate/gate.ts";
import { meaningOf } from "../evaluate/meaning.ts";
import { makeFolder, writing } from "../formats/files.ts";
import { runPipeline } from "../workflow/pipeline.ts";
import type { Context } from "./terminal/context.ts";
import { seconds } from "./terminal/format.ts";
import { render } from "./terminal/render.ts";
import { projectOf, taskOf } from "./terminal/task.ts";

const DATASETS = fileURLToPath(new URL("../../datasets", import.meta.url));

export function addQuickstart(program: Command, context: Context): void {
  program
    .command("quickstart")
    .description(
      "The AwesomeShoes task on the bundled base, the whole pipeline to a verdict; needs no network.",
    )
    .option("--out <dir>", "folder for a copy of the task and its run", "quickstart")
    .option("--engine <name>", "engine to train on (default: auto)")
    .action(async ({ out, engine }: { out: string; engine?: string }) => {
      const { output } = context;
      const began = performance.now();
      const folder = copyTask(out);
      output.say(`${pc.bold("quickstart")}: the AwesomeShoes task, copied to ${folder}`);
      const judged = await render(runPipeline(projectOf(taskOf(folder), context), { engine }), context);
      const { path: run, verdict } = judged;
      output.event({ event: "verdict", run, ...summaryOf(verdict) });
      const took = (performance.now() - began) / 1000;
      output.result(
        { event: "quickstart-end", folder, run, seconds: Math.round(took) },
        [
          "",
          `The demonstration ran to its verdict, ${pc.bold(verdict.verdict)}, and so ends with exit code 0. ` +
            `On a task of your own \`lorafit run\` ends with the code of the verdict, here ${verdict.exit_code}.`,
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

/** The verdict in short, for machines. */
const summaryOf = (verdict: Verdict) => ({
  verdict: verdict.verdict,
  exitCode: verdict.exit_code,
  meaning: meaningOf(verdict),
});

/** Copies the task folder and the general pack that it shares, side by side as in the package. Keeps a folder that is in use. */
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
