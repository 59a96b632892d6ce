import { createInterface } from "node:readline/promises";
import { type Command, Option } from "commander";
import pc from "picocolors";
import { selectEngine } from "../engines/select.ts";
import { LorafitError } from "../errors.ts";
import { DEVICES, type Device } from "../export/decoder.ts";
import { openForGeneration } from "../export/open-model.ts";
import type { ExportedModel } from "../export/session.ts";
import { streamChat, streamText, type TextEvent } from "../export/stream.ts";
import { ground } from "../grounding/ground.ts";
import { openGrounding } from "../grounding/grounding-index.ts";
import { resolveModel } from "../model/catalog.ts";
import type { Message } from "../tokens/chat-template.ts";
import type { Context } from "./terminal/context.ts";
import { printable } from "./terminal/output.ts";

interface Flags {
  readonly model: string;
  readonly adapter?: string;
  readonly prompt: string;
  readonly raw?: true;
  readonly system?: string;
  readonly grounding?: string;
  readonly maxNewTokens: string;
  readonly temperature: string;
  readonly seed: string;
  readonly device: Device;
}

/** generate and chat: talk to the base, to base and adapter, or to an exported folder. */
export function addGenerate(program: Command, context: Context): void {
  const verb = (name: string, description: string): Command =>
    program
      .command(name)
      .description(description)
      .requiredOption("--model <model>", "exported folder, base folder, GGUF file or name of a base")
      .option("--adapter <dir>", "adapter in PEFT's format")
      .option("--system <text>", "system message")
      .option(
        "--grounding <dir>",
        "folder with grounding.json: the nearest passages go into the system message",
      )
      .option("--max-new-tokens <n>", "longest answer", "128")
      .option("--temperature <t>", "0: always the most likely token", "0")
      .option("--seed <n>", "for temperatures above 0", "0")
      .addOption(new Option("--device <name>", "where the model runs").choices(DEVICES).default("cpu"));
  verb("generate", "Answer one prompt, streaming.")
    .requiredOption("--prompt <text>", "the user's message")
    .option("--raw", "continue the prompt as plain text, without the chat template")
    .action((flags: Flags) => withModel(flags, context, (model) => generate(model, flags, context)));
  verb("chat", "Talk to a model; an empty line or Ctrl-D ends it.").action((flags: Flags) =>
    withModel(flags, context, (model) => chat(model, flags, context)),
  );
}

async function withModel(
  flags: Flags,
  context: Context,
  use: (model: ExportedModel) => Promise<void>,
): Promise<void> {
  const { engine } = await selectEngine();
  const model = await openForGeneration(resolveModel(flags.model, context), {
    cacheDir: context.home,
    engine,
    signal: context.signal,
    device: flags.device,
    ...(flags.adapter === undefined ? {} : { adapter: flags.adapter }),
  });
  try {
    await use(model);
  } finally {
    await model.close();
  }
}

function options(flags: Flags, { signal }: Context) {
  const number = (name: string, text: string, least: number): number => {
    const value = Number(text);
    if (text.trim() === "" || !(value >= least))
      throw new LorafitError("usage", `--${name} ${text}: expected a number from ${least} on`);
    return value;
  };
  return {
    maxNewTokens: number("max-new-tokens", flags.maxNewTokens, 1),
    temperature: number("temperature", flags.temperature, 0),
    seed: number("seed", flags.seed, 0),
    signal,
  };
}

const opening = ({ system }: Flags): Message[] =>
  system === undefined ? [] : [{ role: "system", content: system }];

/** The conversation as it is asked: with the passages of its last question where --grounding names an index. */
function prompting(model: ExportedModel, flags: Flags, { output }: Context) {
  const index = flags.grounding === undefined ? undefined : openGrounding(flags.grounding);
  const room = model.config.maxPositions - Number(flags.maxNewTokens);
  let said = false;
  return (messages: readonly Message[]): readonly Message[] => {
    if (index === undefined) return messages;
    const grounded = ground(messages, index, {
      fits: (prompt) =>
        model.tokenizer.encode(model.tokenizer.renderChat(prompt, { addGenerationPrompt: true })).length <=
        room,
    });
    if (grounded.dropped > 0 && !said) {
      said = true;
      output.warn(
        `${grounded.dropped} passages left out, to fit the context of ${model.config.maxPositions} tokens`,
      );
    }
    return grounded.messages;
  };
}

async function generate(model: ExportedModel, flags: Flags, context: Context): Promise<void> {
  const messages: Message[] = [...opening(flags), { role: "user", content: flags.prompt }];
  if (flags.raw && flags.grounding !== undefined)
    throw new LorafitError("usage", "--grounding needs the chat template, which --raw leaves out");
  const asked = prompting(model, flags, context);
  const events = flags.raw
    ? streamText(model, flags.prompt, options(flags, context))
    : streamChat(model, asked(messages), options(flags, context));
  await show(events, context);
}

async function chat(model: ExportedModel, flags: Flags, context: Context): Promise<void> {
  const lines = createInterface({ input: process.stdin, output: process.stderr, prompt: pc.cyan("you> ") });
  const messages = opening(flags);
  const asked = prompting(model, flags, context);
  lines.prompt();
  for await (const line of lines) {
    if (line.trim() === "") break;
    messages.push({ role: "user", content: line });
    const content = await show(streamChat(model, asked(messages), options(flags, context)), context);
    messages.push({ role: "assistant", content });
    lines.prompt();
  }
  lines.close();
}

/** A terminal gets no control characters from a model; a file gets the text as it is. */
const shown = (text: string): string => (process.stdout.isTTY ? printable(text) : text);

/** Streams the text; with --json one event per line. */
async function show(events: AsyncIterable<TextEvent>, { output }: Context): Promise<string> {
  let text = "";
  for await (const event of events) {
    if (event.type === "text") text += event.delta;
    if (output.json) output.event({ event: event.type, ...event });
    else if (event.type === "text") process.stdout.write(shown(event.delta));
  }
  if (!output.json) process.stdout.write("\n");
  return text;
}
