import type { Command } from "commander";
import pc from "picocolors";
import { openSentenceEncoder } from "../encoder/sentence-encoder.ts";
import { EXIT } from "../errors.ts";
import { ENCODER, parseHubName } from "../model/catalog.ts";
import { openModel } from "../model/open.ts";
import { entryOf, type PullEvent, pullModel } from "../model/pull/pull.ts";
import type { Context } from "./terminal/context.ts";
import { megabytes, seconds } from "./terminal/format.ts";

export function addPull(program: Command, context: Context): void {
  program
    .command("pull")
    .description(
      "Fetch a base, or the embedder all-minilm-l6-v2, into the model cache (LORAFIT_HOME) and check it.",
    )
    .argument("<name>", "a name that `lorafit models` lists, or hf:organisation/name[@revision]")
    .action((name: string) => pull(name, context));
}

async function pull(name: string, context: Context): Promise<void> {
  const { output, home, signal } = context;
  const show = progress(context);
  showLicence(name, context);
  try {
    const { path, source } = await pullModel(name, {
      home,
      endpoint: process.env["HF_ENDPOINT"] || undefined,
      token: process.env["HF_TOKEN"] || undefined,
      signal,
      onEvent: show,
    });
    const { sha256, size } = name === ENCODER ? checkEncoder(path, home) : checkBase(path, home);
    const origin = source === null ? "was here already" : `from ${source}`;
    output.result(
      { event: "pulled", name, path, source, sha256 },
      `${pc.bold(name)} ${origin}: ${path}\n${pc.dim(size)}`,
    );
  } catch (error) {
    if (!signal.aborted) throw error;
    output.settle();
    output.warn(`stopped; \`lorafit pull ${name}\` resumes from here`);
    context.exitCode = EXIT.interrupted;
  }
}

/** The licence comes before the download. A model of the hub that the catalog does not name has it on its page. */
function showLicence(name: string, { output }: Context): void {
  if (parseHubName(name) !== null) return;
  const { about, licence, terms } = entryOf(name);
  const where = terms === undefined ? "" : `, terms: ${terms}`;
  output.event({ event: "licence", name, licence, terms }, `${about}\nlicence: ${licence}${where}`);
}

function checkBase(path: string, home: string): { sha256: string; size: string } {
  const { config, sha256 } = openModel(path, { cacheDir: home });
  const size = `${config.layers} layers, hidden size ${config.hiddenSize}, context ${config.maxPositions}`;
  return { sha256, size };
}

function checkEncoder(path: string, home: string): { sha256: string; size: string } {
  const { config, sha256 } = openSentenceEncoder(ENCODER, path, { cacheDir: home });
  const size = `${config.layers} layers, hidden size ${config.hiddenSize}; compares texts in every task from now on`;
  return { sha256, size: `${size}, and tasks that were locked without it must be locked again` };
}

/** Shows one line per source; of the current file the bytes received, the total and the time left. */
function progress({ output }: Context): (event: PullEvent) => void {
  let file: string | undefined;
  let from = { time: 0, done: 0 };
  return (event) => {
    if (event.kind === "source") {
      const { kind: _, ...what } = event;
      const size = event.bytes === undefined ? "" : `, about ${megabytes(event.bytes)}`;
      const by =
        event.thirdParty === undefined ? "" : ", packaged by a third party: every part's hash is pinned";
      output.event({ event: "source", ...what }, `asking ${event.source}${size}${by}`);
    } else if (event.kind === "unreachable") {
      output.settle();
      output.event(
        { event: "unreachable", source: event.source, reason: event.reason },
        pc.yellow(event.reason),
      );
    } else {
      if (event.file !== file) from = { time: performance.now(), done: event.done };
      file = event.file;
      output.progress(
        `${file}: ${amount(event, (performance.now() - from.time) / 1000, event.done - from.done)}`,
      );
    }
  };
}

function amount(
  { done, total }: Extract<PullEvent, { kind: "bytes" }>,
  elapsed: number,
  came: number,
): string {
  if (total === null) return megabytes(done);
  const left = came > 0 ? `, ${seconds(((total - done) * elapsed) / came)} left` : "";
  return `${megabytes(done)} of ${megabytes(total)}${left}`;
}
