import type { Batch } from "../../data/batch.ts";
import type { EngineSession, HostTensor, Tensors } from "../../engines/engine.ts";
import type { PackedFormat } from "../../formats/quantise.ts";
import { chat } from "../../kinds/chat/chat.ts";
import { classifierOf } from "../../kinds/classify/classify.ts";
import { unflattenFactors } from "../../lora/flat.ts";
import type { LoraLayout } from "../../lora/layout.ts";
import type { AppendLoss } from "../../loss/token-loss.ts";
import type { ModelConfig } from "../../model/config.ts";
import { isEncoder } from "../../model/programs.ts";
import type { OptimizerSettings } from "../../optim/adamw.ts";
import type { Precision } from "../../program/precision.ts";
import { batchFeeds, updateFeeds } from "../feeds.ts";
import { classLogitsProgram, logitsProgram, type TrainingOptions, trainingPrograms } from "../programs.ts";

export interface DebugStep {
  readonly lossSum: number;
  readonly count: number;
  /** grad.<PEFT tensor name>: gradient of the sum of the losses of the tokens, or rows. With optimizer steps also step.<PEFT tensor name>. */
  readonly tensors: Map<string, HostTensor>;
}

/**
 * One forward and backward pass without dropout, then `steps` AdamW steps on the mean loss of the same batch at a constant
 * learning rate, for comparison with another trainer.
 */
export async function debugStep(
  session: EngineSession,
  options: {
    readonly model: ModelConfig;
    readonly layout: LoraLayout;
    readonly flat: Float32Array;
    readonly batch: Batch;
    readonly optimizer: OptimizerSettings;
    readonly learningRate: number;
    readonly steps: number;
    readonly precision: Precision;
    /** Default: next-token cross entropy. */
    readonly appendLoss?: AppendLoss;
    readonly packed?: PackedFormat | undefined;
  },
): Promise<DebugStep> {
  const { model, layout, flat, batch, optimizer, precision, packed } = options;
  const shape = { batch: batch.batch, sequence: batch.sequence, labelled: batch.labelled.length };
  const training: TrainingOptions = {
    kind:
      layout.head !== undefined
        ? classifierOf([])
        : options.appendLoss === undefined
          ? chat
          : { appendLoss: options.appendLoss },
    model,
    layout,
    shape,
    optimizer,
    dropout: 0,
    recompute: false,
    precision,
    packed,
  };
  const programs = trainingPrograms(training);
  const zeros = (): HostTensor => ({ shape: [layout.size], data: new Float32Array(layout.size) });
  await session.writeState({
    parameters: { shape: [layout.size], data: flat },
    gradient: zeros(),
    moment1: zeros(),
    moment2: zeros(),
  });
  const accumulate = await session.compile(programs.accumulate);
  const { outputs } = await accumulate.run(batchFeeds(batch));
  const tensors = new Map<string, HostTensor>();
  await collect(session, layout, "gradient", "grad", tensors);
  if (options.steps > 0) {
    const step = await session.compile(programs.step);
    for (let t = 1; t <= options.steps; t++) {
      await step.run({
        ...batchFeeds(batch),
        ...updateFeeds(optimizer, options.learningRate, t, batch.count),
      });
    }
    await collect(session, layout, "parameters", "step", tensors);
  }
  return { lossSum: Number(outputs["loss_sum"]!.data[0]), count: batch.count, tensors };
}

async function collect(
  session: EngineSession,
  layout: LoraLayout,
  state: string,
  prefix: string,
  into: Map<string, HostTensor>,
): Promise<void> {
  const flat = (await session.readState([state]))[state]!.data as Float32Array | Float64Array;
  for (const [name, tensor] of unflattenFactors(layout, flat)) into.set(`${prefix}.${name}`, tensor);
}

/**
 * Logits [batch, sequence, vocab] of base plus adapter, or last_hidden_state [batch, sequence, D] of an encoder, zero where the batch
 * is padded (segment 0); class logits [batch, K] where the adapter has a head.
 */
export async function debugLogits(
  session: EngineSession,
  model: ModelConfig,
  adapter: { layout: LoraLayout; flat: Float32Array } | null,
  batch: Batch,
): Promise<HostTensor> {
  if (adapter !== null) {
    await session.writeState({ parameters: { shape: [adapter.layout.size], data: adapter.flat } });
  }
  const classifies = adapter?.layout.head !== undefined;
  const program = classifies
    ? classLogitsProgram(model, adapter.layout, batch.batch, batch.sequence)
    : logitsProgram(model, adapter?.layout ?? null, batch.batch, batch.sequence);
  const feeds: Tensors = batchFeeds(batch);
  const needed = program.inputs.map((id) => program.values[id]!.name);
  const { outputs } = await (await session.compile(program)).run(
    Object.fromEntries(needed.map((name) => [name, feeds[name]!])),
  );
  const logits = outputs[isEncoder(model) ? "last_hidden_state" : "logits"]!;
  if (classifies) return logits;
  const width = logits.shape.at(-1)!;
  for (const [row, segment] of batch.segments.entries()) {
    if (segment === 0n) logits.data.fill(0 as never, row * width, (row + 1) * width);
  }
  return logits;
}
