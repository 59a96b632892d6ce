import type { BatchPlan } from "../data/plan.ts";
import { type LoraLayout, loraLayout } from "../lora/layout.ts";
import type { ModelConfig } from "../model/config.ts";
import type { WeightSource } from "../model/weights.ts";
import type { Task } from "../task/load.ts";
import { loadTokenizer, type Tokenizer } from "../tokens/tokenizer.ts";
import { estimateMemory, type MemoryEstimate } from "./estimate.ts";
import { type PreparedData, prepareData } from "./prepare.ts";
import { trainingPrograms } from "./programs.ts";
import { loraConfigOf, optimizerOf } from "./settings.ts";
import type { StepperOptions } from "./stepper.ts";

/** A run that is planned and not begun: what `train --dry-run` shows. */
export interface TrainPlan {
  readonly data: PreparedData;
  readonly tokenizer: Tokenizer;
  readonly layout: LoraLayout;
  readonly estimate: MemoryEstimate;
  readonly availableBytes: number;
  readonly recompute: boolean;
  /** Rows that lost tokens or are tokenised otherwise as a whole, and memory that is short. */
  readonly warnings: readonly string[];
}

export async function planRun(task: Task, base: WeightSource, files?: readonly string[]): Promise<TrainPlan> {
  const tokenizer = await loadTokenizer(base.tokenizerFiles());
  const data = prepareData(task, tokenizer, base.config, files);
  const layout = loraLayout(base.config, loraConfigOf(task.train));
  const availableBytes = process.availableMemory();
  const estimate = (recompute: boolean): MemoryEstimate =>
    estimateRun(task, base.config, layout, data.plan, recompute);
  const whole = estimate(false);
  const recompute =
    task.train.recompute === "auto" ? whole.total > availableBytes * 0.7 : task.train.recompute;
  const chosen = recompute ? estimate(true) : whole;
  const warnings = [...data.warnings, ...memoryWarnings(chosen.total, availableBytes)];
  return { data, tokenizer, layout, availableBytes, recompute, estimate: chosen, warnings };
}

/** What the run's steps and validations are computed with. */
export function stepperOptions(
  { train: settings, seed }: Task,
  base: WeightSource,
  { layout, recompute }: Pick<TrainPlan, "layout" | "recompute">,
): StepperOptions {
  return {
    model: base.config,
    layout,
    optimizer: optimizerOf(settings),
    dropout: settings.dropout,
    recompute,
    precision: settings.precision,
    seed,
  };
}

function estimateRun(
  task: Task,
  model: ModelConfig,
  layout: LoraLayout,
  plan: BatchPlan,
  recompute: boolean,
): MemoryEstimate {
  const { train: settings } = task;
  const size = ({ batch, sequence }: { batch: number; sequence: number }): number => batch * sequence;
  const shape = plan.shapes.reduce((largest, next) => (size(next) > size(largest) ? next : largest));
  const options = {
    model,
    layout,
    shape,
    optimizer: optimizerOf(settings),
    dropout: settings.dropout,
    recompute,
    precision: settings.precision,
  };
  return estimateMemory(trainingPrograms(options));
}

function memoryWarnings(needed: number, free: number): string[] {
  const gigabytes = (bytes: number): string => `${(bytes / 2 ** 30).toFixed(1)} GiB`;
  const advice = "lower train.micro_batch_tokens";
  return needed <= free
    ? []
    : [`this needs about ${gigabytes(needed)} of memory, ${gigabytes(free)} are free: ${advice}`];
}
