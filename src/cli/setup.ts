import type { Command } from "commander";
import pc from "picocolors";
import {
  removeNativeTf,
  type SetupEvent,
  type SetupResult,
  setUpNativeTf,
} from "../engines/tfjs/setup/setup.ts";
import { EXIT } from "../errors.ts";
import type { Context } from "./terminal/context.ts";
import { megabytes, seconds } from "./terminal/format.ts";
import { describeTensorflow } from "./terminal/tensorflow.ts";

interface Flags {
  readonly gpu?: boolean;
  readonly python: string;
  readonly tfDir?: string;
  readonly remove?: boolean;
}

export function addSetup(program: Command, context: Context): void {
  program
    .command("setup")
    .description("Install the parts that npm does not bring.")
    .command("tfjs")
    .description(
      "Make the native TensorFlow of the tfjs engine work, in a separate folder (LORAFIT_HOME/tfjs).",
    )
    .option("--gpu", "with CUDA: a download of 3.4 GB where no TensorFlow with CUDA is installed")
    .option("--python <command>", "a Python with pip, of any version", "python3")
    .option("--tf-dir <folder>", "use this TensorFlow: the folder `tensorflow` of a Python installation")
    .option("--remove", "delete what was set up")
    .action((flags: Flags) => (flags.remove ? remove(context) : setUp(flags, context)));
}

function remove({ output }: Context): void {
  const removed = removeNativeTf();
  output.result(
    { event: "removed", ...removed },
    removed.bytes === 0
      ? `nothing was set up in ${removed.folder}`
      : `removed ${removed.folder}: ${megabytes(removed.bytes)}`,
  );
}

async function setUp({ gpu = false, python, tfDir }: Flags, context: Context): Promise<void> {
  const { output, signal } = context;
  const start = performance.now();
  try {
    const result = await setUpNativeTf({
      gpu,
      python,
      ...(tfDir === undefined ? {} : { tensorflow: tfDir }),
      signal,
      onEvent: progress(context),
    });
    const took = (performance.now() - start) / 1000;
    const { probe, route, bytes } = result;
    output.result({ event: "set-up", ...probe, route, bytes, seconds: took }, summary(result, took));
  } catch (error) {
    if (!signal.aborted) throw error;
    output.settle();
    output.warn("stopped; `lorafit setup tfjs` resumes from here");
    context.exitCode = EXIT.interrupted;
  }
}

const DONE: Record<SetupResult["route"], string> = {
  found: "works already",
  given: "built against the TensorFlow that was named",
  installed: "built against the TensorFlow that Python has",
  wheel: "built against TensorFlow's library from its Python wheel",
  official: "set up by the package's own install script",
};

function summary({ probe, route, folder, bytes }: SetupResult, took: number): string {
  return [
    `${pc.green("✓")} ${describeTensorflow(probe)}`,
    `${DONE[route]}, in ${seconds(took)}`,
    ...(bytes === 0 ? [] : [`${megabytes(bytes)} in ${folder}; \`lorafit setup tfjs --remove\` deletes it`]),
  ].join("\n");
}

/** Shows one line per step; during a download, the bytes received, the total and the time left. */
function progress({ output }: Context): (event: SetupEvent) => void {
  let began: number | undefined;
  return (event) => {
    if (event.kind === "step") {
      output.event({ event: "step", step: event.step }, `${event.step} …`);
    } else if (event.kind === "refused") {
      output.event(
        { event: "refused", route: event.route, reason: event.reason },
        pc.yellow(`${event.route}: ${event.reason}`),
      );
    } else {
      began ??= performance.now();
      const { done, total } = event;
      const left = (((performance.now() - began) / 1000) * (total - done)) / done;
      const estimate = done > 0 && left > 0 ? `, ${seconds(left)} left` : "";
      output.progress(`${megabytes(Math.min(done, total))} of about ${megabytes(total)}${estimate}`);
    }
  };
}
