import { kindOf } from "../kinds/index.ts";
import type { LoraConfig } from "../lora/config.ts";
import type { OptimizerSettings } from "../optim/adamw.ts";
import type { Task } from "../task/load.ts";
import type { TrainSettings } from "../task/settings.ts";

/** Adapter configuration of a task's settings and kind. */
export function loraConfigOf(task: Task): LoraConfig {
  const { train: settings } = task;
  const { head } = kindOf(task);
  return {
    ...(head && { head }),
    variant: "lora",
    rank: settings.rank,
    alpha: settings.alpha,
    dropout: settings.dropout,
    rsLora: settings.rs_lora,
    targets: settings.targets,
    rankPattern: settings.rank_pattern,
    alphaPattern: settings.alpha_pattern,
  };
}

export function optimizerOf(settings: TrainSettings): OptimizerSettings {
  return {
    beta1: settings.beta1,
    beta2: settings.beta2,
    eps: settings.eps,
    weightDecay: settings.weight_decay,
    clip: settings.clip,
    loraPlusRatio: settings.lora_plus_ratio,
  };
}
