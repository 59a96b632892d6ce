import type { PackedFormat } from "../formats/quantise.ts";
import type { TaskKind } from "../kinds/kind.ts";
import { injectLora } from "../lora/inject.ts";
import type { LoraLayout } from "../lora/layout.ts";
import type { ModelConfig } from "../model/config.ts";
import { familyOf } from "../model/families/index.ts";
import { hiddenProgram, isEncoder, segmentsOf, withFinalNorm, withLogits } from "../model/programs.ts";
import { appendUpdate, type OptimizerSettings } from "../optim/adamw.ts";
import { differentiate } from "../program/autodiff.ts";
import { ProgramBuilder } from "../program/builder.ts";
import { frozenInBf16, frozenPacked, type Precision } from "../program/precision.ts";
import type { Program, ValueId } from "../program/program.ts";
import { recompute } from "../program/recompute.ts";

export interface TrainingShape {
  readonly batch: number;
  readonly sequence: number;
  /** Capacity for labelled positions. */
  readonly labelled: number;
}

export interface TrainingOptions {
  readonly kind: Pick<TaskKind, "appendLoss">;
  readonly model: ModelConfig;
  readonly layout: LoraLayout;
  readonly shape: TrainingShape;
  readonly optimizer: OptimizerSettings;
  readonly dropout: number;
  /** Recompute each block's activations in the backward pass instead of keeping them. */
  readonly recompute: boolean;
  readonly precision: Precision;
  /** Packed format of the layers' frozen matrices with bf16; absent: not packed. */
  readonly packed?: PackedFormat | undefined;
  /** The engine's budget for logits, in bytes of float32. */
  readonly logitsBytes?: number | undefined;
}

/** Programs of a run; they share weights and state. */
export interface TrainingPrograms {
  /** Step of a single micro-batch: forward, backward, clip, AdamW. */
  readonly step: Program;
  /** Adds the gradient of the loss sum to state `gradient`; a micro-batch that is not finite leaves it unchanged. */
  readonly accumulate: Program;
  /** Divides `gradient` by the count, clips, applies AdamW, and clears it. */
  readonly update: Program;
  /** Loss without dropout. */
  readonly evaluate: Program;
}

export function trainingPrograms(options: TrainingOptions): TrainingPrograms {
  const { packed } = options;
  const kept = packed === undefined ? unchanged : (program: Program) => frozenPacked(program, packed);
  const inPrecision =
    options.precision === "bf16" ? (program: Program) => kept(frozenInBf16(program)) : unchanged;
  const rewrite = options.recompute ? recompute : unchanged;
  return {
    step: rewrite(inPrecision(stepProgram(options))),
    accumulate: rewrite(inPrecision(accumulateProgram(options))),
    update: updateProgram(options),
    evaluate: inPrecision(evaluateProgram(options)),
  };
}

const unchanged = (program: Program): Program => program;

/** Full logits [B,S,V] of base plus adapter, or last_hidden_state [B,S,D] of an encoder; state `parameters`. */
export function logitsProgram(
  model: ModelConfig,
  layout: LoraLayout | null,
  batch: number,
  sequence: number,
): Program {
  const hidden = hiddenProgram(model, batch, sequence);
  const adapted = layout === null ? hidden : injectLora(hidden, layout, "state");
  return isEncoder(model) ? withFinalNorm(model, adapted) : withLogits(model, adapted);
}

/**
 * Class logits [B,K] at the last token of each row, of base plus adapter with a head, state `parameters`. Inputs as for
 * hiddenProgram; segments are 1 for a token and 0 for padding.
 */
export function classLogitsProgram(
  model: ModelConfig,
  layout: LoraLayout,
  batch: number,
  sequence: number,
): Program {
  const forward = injectLora(hiddenProgram(model, batch, sequence), layout, "state");
  const [hidden, weight] = forward.outputs as readonly [ValueId, ValueId];
  const b = ProgramBuilder.from({ ...forward, outputs: [] }, "class logits");
  const mask = forward.inputs.find((id) => forward.values[id]!.name === "segments")!;
  const { y: pooled } = b.node("lastToken", { x: hidden, mask }, {});
  const x = familyOf(model).finalNorm(b, model, pooled);
  b.output(b.node("trainedLinear", { x, weight }, {}).y, "logits");
  return b.build();
}

interface Differentiated {
  readonly b: ProgramBuilder;
  readonly gradient: ValueId;
}

function lossBuilder(
  options: TrainingOptions,
  name: string,
  dropout: number,
): { b: ProgramBuilder; lossSum: ValueId } {
  const { batch, sequence, labelled } = options.shape;
  const forward = injectLora(hiddenProgram(options.model, batch, sequence), options.layout, "state", dropout);
  const [hidden, head] = forward.outputs as readonly [ValueId, ValueId?];
  const b = ProgramBuilder.from({ ...forward, outputs: [] }, name);
  const { model: config, logitsBytes } = options;
  const segments = segmentsOf(forward);
  const { lossSum, correct } = options.kind.appendLoss(b, {
    ...{ config, hidden, segments, head, labelled, logitsBytes },
  });
  b.output(lossSum, "loss_sum");
  b.output(correct, "correct");
  return { b, lossSum };
}

function differentiated(options: TrainingOptions, name: string): Differentiated {
  const { b, lossSum } = lossBuilder(options, name, options.dropout);
  b.guard(lossSum);
  const parameters = b.state("parameters", [options.layout.size]);
  const [gradient] = differentiate(b, lossSum, [parameters]);
  return { b, gradient: gradient! };
}

function stepProgram(options: TrainingOptions): Program {
  const { b, gradient } = differentiated(options, "step");
  appendUpdate(b, options.layout, options.optimizer, gradient);
  return b.build();
}

function accumulateProgram(options: TrainingOptions): Program {
  const { b, gradient } = differentiated(options, "accumulate");
  b.guard(b.node("sumSquares", { x: gradient }, {}).sum);
  const sum = b.state("gradient", [options.layout.size]);
  b.next(sum, b.node("add", { a: sum, b: gradient }, {}, { names: { y: "gradient_next" } }).y);
  return b.build();
}

function updateProgram(options: TrainingOptions): Program {
  const b = new ProgramBuilder("update");
  const sum = b.state("gradient", [options.layout.size]);
  appendUpdate(b, options.layout, options.optimizer, sum);
  b.next(sum, b.node("zerosLike", { x: sum }, {}, { names: { y: "gradient_next" } }).y);
  return b.build();
}

function evaluateProgram(options: TrainingOptions): Program {
  return lossBuilder(options, "evaluate", 0).b.build();
}
