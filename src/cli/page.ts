import { spawn } from "node:child_process";
import { type Command, InvalidArgumentError } from "commander";
import { servePage } from "../page/server.ts";
import { loadTask } from "../task/load.ts";
import { curateTask } from "../workflow/curate-task.ts";
import { Project } from "../workflow/project.ts";
import type { Context } from "./terminal/context.ts";
import { taskOf } from "./terminal/task.ts";

interface Flags {
  readonly port: number;
  readonly open: boolean;
}

export function addPage(program: Command, context: Context): void {
  program
    .command("page")
    .description("Review the findings of curation in a browser on this machine.")
    .argument("[folder]", "folder or task.yaml (default: here)")
    .option("--port <n>", "port of 127.0.0.1; 0 takes a free one", portOf, 0)
    .option("--no-open", "do not start a browser")
    .action(async (path: string | undefined, flags: Flags) => {
      const task = taskOf(path);
      const { output, signal, home } = context;
      const page = await servePage({
        task,
        port: flags.port,
        curate: async () => {
          const now = loadTask(task.folder);
          await curateTask(now, "safe", new Project(now, { home, signal }).base);
        },
      });
      output.result(
        { event: "page-ready", url: page.url },
        `The page of ${task.name}: ${page.url}\nCtrl-C ends it. The address is a key: it opens the page for anyone on this machine.`,
      );
      if (flags.open && !output.json) openBrowser(page.url);
      if (!signal.aborted)
        await new Promise<void>((resolve) =>
          signal.addEventListener("abort", () => resolve(), { once: true }),
        );
      await page.close();
    });
}

function portOf(text: string): number {
  const port = Number(text);
  if (!/^\d+$/.test(text) || port > 65535) throw new InvalidArgumentError("expected 0 to 65535");
  return port;
}

/** Starts the system's browser; where there is none, the printed address remains. */
function openBrowser(url: string): void {
  const [command, args] =
    process.platform === "darwin"
      ? ["open", [url]]
      : process.platform === "win32"
        ? ["explorer", [url]]
        : ["xdg-open", [url]];
  spawn(command as string, args as string[], { stdio: "ignore", detached: true })
    .on("error", () => {})
    .unref();
}
