import type { Command } from "commander";
import { type Batch, batchFromClasses, batchFromLabels } from "../../data/batch.ts";
import { encoderBatch } from "../../data/encoder-batch.ts";
import type { Engine, EngineSession, HostTensor } from "../../engines/engine.ts";
import { packingOn, precisionOn } from "../../engines/precision.ts";
import { ENGINE_NAMES, selectEngine } from "../../engines/select.ts";
import { LorafitError } from "../../errors.ts";
import { readJson } from "../../formats/json.ts";
import { type TensorData, writeSafetensors } from "../../formats/safetensors.ts";
import { type Adapter, adapterOn } from "../../lora/adapter.ts";
import { readPeft } from "../../lora/peft.ts";
import { appendPairLoss } from "../../loss/pair-loss.ts";
import { isEncoder } from "../../model/programs.ts";
import type { WeightSource } from "../../model/weights.ts";
import { parseSettings } from "../../task/override.ts";
import { debugLogits, debugStep } from "../../train/measure/debug.ts";
import { optimizerOf } from "../../train/settings.ts";
import type { Context } from "../terminal/context.ts";
import { collect } from "../terminal/format.ts";
import { openBase } from "../terminal/task.ts";
import { addDecide } from "./debug-decide.ts";
import { addDebugTokens } from "./debug-tokens.ts";

interface Flags {
  readonly model: string;
  readonly adapter?: string;
  readonly batch: string;
  readonly engine: string;
  readonly out: string;
  readonly optimizerSteps?: string;
  readonly set: readonly string[];
}

/** debug step, logits, tokens, decide: values to compare with any other program. */
export function addDebug(program: Command, context: Context): void {
  const debug = program
    .command("debug")
    .description("Gradients, steps, logits, token ids and decisions, to compare with any other program.");
  addDebugTokens(debug, context);
  const verb = (name: string, description: string): Command =>
    debug
      .command(name)
      .description(description)
      .requiredOption("--model <model>", "base: folder, GGUF file or name")
      .requiredOption(
        "--batch <file>",
        "JSON {input_ids, labels, segments?}; labels unshifted, -100 is no target; class_labels, one a row, for an adapter with a classification head; for an encoder {queries, passages}, or {input_ids, segments?}",
      )
      .requiredOption("--out <file>", "safetensors file to write")
      .option("--engine <name>", ENGINE_NAMES.join(", "), "onnx");
  verb(
    "step",
    "One forward and backward pass without dropout: grad.<PEFT tensor name>, of the sum of the losses of tokens, of rows with class labels, or of an encoder's InfoNCE losses of queries.",
  )
    .requiredOption("--adapter <dir>", "PEFT folder")
    .option("--optimizer-steps <n>", "then n AdamW steps on the mean loss: step.<PEFT tensor name>")
    .option("--set <key=value>", "training setting, such as learning_rate=1e-3; may be repeated", collect, [])
    .action((flags: Flags) => runStep(flags, context));
  verb(
    "logits",
    "The logits [batch, sequence, vocab]; of an encoder last_hidden_state [batch, sequence, width]; 0 where padded; class logits [batch, classes] of an adapter with a classification head.",
  )
    .option("--adapter <dir>", "PEFT folder")
    .action((flags: Flags) => runLogits(flags, context));
  addDecide(debug, context);
}

async function runStep(flags: Flags, context: Context): Promise<void> {
  const settings = parseSettings(flags.set);
  const steps = Number(flags.optimizerSteps ?? 0);
  if (!Number.isSafeInteger(steps) || steps < 0) {
    throw new LorafitError("usage", `--optimizer-steps ${flags.optimizerSteps}: is not a whole number`);
  }
  const { base, adapter, batch, session, engine } = await open(flags, context);
  if (adapter === null) throw new LorafitError("usage", "debug step: --adapter is missing");
  if (isEncoder(base.config) && batch.count === 0) {
    throw new LorafitError("data", `${flags.batch}: holds no pairs, and an encoder has no other loss here`, {
      hint: 'expected {"queries": [[int]], "passages": [[int]]}',
    });
  }
  try {
    const precision = precisionOn(engine, settings.precision);
    const result = await debugStep(session, {
      model: base.config,
      ...adapter,
      batch,
      optimizer: optimizerOf(settings),
      learningRate: settings.learning_rate,
      steps,
      precision,
      ...(isEncoder(base.config) ? { appendLoss: appendPairLoss } : {}),
      packed: packingOn(engine, precision, settings.base_weights),
    });
    writeSafetensors(flags.out, result.tensors as ReadonlyMap<string, TensorData>);
    const summary = { loss_sum: result.lossSum, count: result.count, engine: engine.name };
    context.output.result(summary, JSON.stringify(summary));
  } finally {
    await session.close();
  }
}

async function runLogits(flags: Flags, context: Context): Promise<void> {
  const { base, adapter, batch, session, engine } = await open(flags, context);
  try {
    const logits: HostTensor = await debugLogits(session, base.config, adapter, batch);
    writeSafetensors(flags.out, { [isEncoder(base.config) ? "last_hidden_state" : "logits"]: logits });
    const summary = { shape: logits.shape, engine: engine.name };
    context.output.result(summary, JSON.stringify(summary));
  } finally {
    await session.close();
  }
}

interface Opened {
  readonly base: WeightSource;
  readonly adapter: Adapter | null;
  readonly batch: Batch;
  readonly engine: Engine;
  readonly session: EngineSession;
}

async function open(flags: Flags, context: Context): Promise<Opened> {
  const base = openBase(flags.model, context);
  const adapter =
    flags.adapter === undefined ? null : adapterOn(base.config, readPeft(flags.adapter), flags.adapter);
  const { vocabSize, padId, maxPositions } = base.config;
  const head = adapter?.layout.head;
  const content = readJson(flags.batch, { hint: "it holds {input_ids, labels, segments?}" });
  const batch =
    head !== undefined
      ? batchFromClasses(content, { vocabSize, padId, classes: head.shape[0]! })
      : isEncoder(base.config)
        ? encoderBatch(content, { vocabSize, padId })
        : batchFromLabels(content, { vocabSize });
  if (batch.sequence > maxPositions) {
    throw new LorafitError(
      "data",
      `${flags.batch}: ${batch.sequence} tokens, the model's context holds ${maxPositions}`,
    );
  }
  const { engine } = await selectEngine(flags.engine);
  return { base, adapter, batch, session: await engine.open(base), engine };
}
