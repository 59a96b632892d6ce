import type { BatchPlan } from "../data/plan.ts";
import type { Engine } from "../engines/engine.ts";
import { packingOn, precisionOn } from "../engines/precision.ts";
import { LorafitError } from "../errors.ts";
import type { PackedFormat } from "../formats/quantise.ts";
import { kindOf } from "../kinds/index.ts";
import { type LoraLayout, loraLayout } from "../lora/layout.ts";
import type { WeightSource } from "../model/weights.ts";
import type { Precision } from "../program/precision.ts";
import type { Task } from "../task/load.ts";
import { loadTokenizer, type Tokenizer } from "../tokens/tokenizer.ts";
import { estimateMemory, type MemoryEstimate } from "./estimate.ts";
import { type PreparedData, prepareData } from "./prepare.ts";
import { type TrainingShape, trainingPrograms } from "./programs.ts";
import { loraConfigOf, optimizerOf } from "./settings.ts";
import type { StepperOptions } from "./stepper.ts";

/** Plan of a run before it starts; `train --dry-run` shows it. */
export interface TrainPlan {
  readonly data: PreparedData;
  readonly tokenizer: Tokenizer;
  readonly layout: LoraLayout;
  readonly estimate: MemoryEstimate;
  readonly recompute: boolean;
  readonly precision: Precision;
  /** Packed format of the layers' frozen matrices; undefined keeps them in the precision. */
  readonly packed: PackedFormat | undefined;
  /** Engine's budget for logits, in bytes. */
  readonly logitsBytes: number | undefined;
  /** Rows that lost tokens or are tokenised differently as a whole, and insufficient memory. */
  readonly warnings: readonly string[];
}

export interface PlanOptions {
  /** Training files to use instead of the task's. */
  readonly files?: readonly string[] | undefined;
  /** Absent: an engine that uses the machine's memory is assumed. */
  readonly engine?: Engine;
}

export async function planRun(
  task: Task,
  base: WeightSource,
  { files, engine }: PlanOptions = {},
): Promise<TrainPlan> {
  const tokenizer = await loadTokenizer(base.tokenizerFiles());
  const data = prepareData(task, tokenizer, base.config, files);
  const layout = loraLayout(base.config, loraConfigOf(task));
  const numerics = { ...numericsOf(task, engine), logitsBytes: engine?.logitsBytes };
  if (engine !== undefined)
    refuseLacking(engine, stepperOptions(task, base, { layout, recompute: false, ...numerics }));
  const estimate = (recompute: boolean): MemoryEstimate => {
    const options = {
      ...stepperOptions(task, base, { layout, recompute, ...numerics }),
      shape: largestShape(data.batchPlan),
    };
    return estimateMemory(options, engine);
  };
  const whole = estimate(false);
  const recompute =
    task.train.recompute === "auto" ? whole.total > whole.availableBytes * 0.7 : task.train.recompute;
  const chosen = recompute ? estimate(true) : whole;
  const { availableBytes } = chosen;
  const warnings = [...data.warnings, ...memoryWarnings(chosen.total, availableBytes)];
  return { data, tokenizer, layout, recompute, ...numerics, estimate: chosen, warnings };
}

/** @throws usage error for an engine without an operation that the task's kind needs */
function refuseLacking(engine: Engine, options: StepperOptions): void {
  if (engine.lacks === undefined) return;
  const { step } = trainingPrograms({ ...options, shape: { batch: 1, sequence: 1, labelled: 1 } });
  const missing = [...new Set(step.nodes.map(({ op }) => op))].filter((op) => engine.lacks!.includes(op));
  if (missing.length === 0) return;
  throw new LorafitError(
    "usage",
    `${engine.name} cannot train this kind of task: it has no ${missing.join(", ")}`,
    {
      hint: "use --engine onnx",
    },
  );
}

/** Options of the stepper that runs the steps and validations. */
export function stepperOptions(
  task: Task,
  base: WeightSource,
  {
    layout,
    recompute,
    precision,
    packed,
    logitsBytes,
  }: Pick<TrainPlan, "layout" | "recompute" | "precision" | "packed" | "logitsBytes">,
): StepperOptions {
  const { train: settings, seed } = task;
  return {
    kind: kindOf(task),
    model: base.config,
    layout,
    optimizer: optimizerOf(settings),
    dropout: settings.dropout,
    recompute,
    precision,
    packed,
    logitsBytes,
    seed,
  };
}

/** Precision and packing. Without an engine: those of the CPU engines, or of cuda where only cuda supports the setting. */
function numericsOf({ train }: Task, engine?: Engine): Pick<TrainPlan, "precision" | "packed"> {
  const { precision: asked, base_weights: weights } = train;
  if (engine !== undefined) {
    const precision = precisionOn(engine, asked);
    return { precision, packed: packingOn(engine, precision, weights) };
  }
  const packed = weights === "auto" || weights === "bf16" ? undefined : weights;
  if (asked !== "auto") return { precision: asked, packed };
  return { precision: weights === "auto" ? "float32" : "bf16", packed };
}

function largestShape({ shapes }: BatchPlan): TrainingShape {
  const size = ({ batch, sequence }: { batch: number; sequence: number }): number => batch * sequence;
  return shapes.reduce((largest, next) => (size(next) > size(largest) ? next : largest));
}

function memoryWarnings(needed: number, free: number): string[] {
  const gigabytes = (bytes: number): string => `${(bytes / 2 ** 30).toFixed(1)} GiB`;
  const advice = "lower train.micro_batch_tokens";
  return needed <= free
    ? []
    : [`this needs about ${gigabytes(needed)} of memory, ${gigabytes(free)} are free: ${advice}`];
}
