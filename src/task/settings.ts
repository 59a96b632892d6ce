import * as z from "zod";

const count = z.int().min(1);
const share = z.number().min(0).max(1);

/**
 * Training settings: the only definition of their names, defaults, bounds and meanings. task.yaml (`train:`), `--set key=value`,
 * the generated reference and config.json are derived from it.
 */
export const trainSettingsSchema = z.strictObject({
  rank: count.max(1024).default(16).describe("Rank r of each low-rank pair."),
  alpha: z
    .number()
    .positive()
    .default(32)
    .describe("Scale numerator: the update is alpha / rank (with rs_lora: alpha / sqrt(rank))."),
  dropout: z.number().min(0).lt(1).default(0).describe("Dropout on the input of the low-rank product."),
  targets: z
    .union([z.enum(["attention", "all-linear"]), z.array(z.string().min(1)).min(1)], {
      error: "expected attention, all-linear or a list of module names such as [q_proj, v_proj]",
    })
    .default("all-linear")
    .describe(
      "Which linear layers get a pair: all-linear, attention (alone it learns less at equal parameters), or a list of names or patterns.",
    ),
  rs_lora: z.boolean().default(false).describe("Rank-stabilised scale: alpha / sqrt(rank)."),
  rank_pattern: z
    .record(z.string(), count.max(1024))
    .default({})
    .describe("Another rank for modules by name or pattern."),
  alpha_pattern: z
    .record(z.string(), z.number().positive())
    .default({})
    .describe("Another alpha for modules by name or pattern."),
  epochs: z
    .number()
    .positive()
    .default(3)
    .describe("Passes over the training rows, unless max_steps is set."),
  max_steps: count.optional().describe("Optimizer steps to train; replaces epochs."),
  learning_rate: z.number().positive().max(1).default(1e-3).describe("Peak learning rate."),
  lora_plus_ratio: z
    .number()
    .positive()
    .default(1)
    .describe("Learning rate of B over that of A (LoRA+, arXiv 2402.12354); 1 is plain LoRA."),
  weight_decay: z.number().min(0).default(0).describe("Decoupled weight decay of AdamW."),
  beta1: z.number().min(0).lt(1).default(0.9).describe("Decay of AdamW's first moment."),
  beta2: z.number().min(0).lt(1).default(0.999).describe("Decay of AdamW's second moment."),
  eps: z.number().positive().default(1e-8).describe("AdamW's epsilon, added after bias correction."),
  clip: z.number().min(0).default(1).describe("Largest global gradient norm; 0 disables clipping."),
  warmup_share: share
    .default(0.03)
    .describe("Share of all steps in which the learning rate rises, unless warmup_steps is set."),
  warmup_steps: z.int().min(0).optional().describe("Steps of warm-up; replaces warmup_share."),
  schedule: z
    .enum(["constant", "linear", "cosine"])
    .default("cosine")
    .describe("Learning rate after warm-up; linear and cosine end at 0."),
  tokens_per_step: count.default(2048).describe("Tokens of one optimizer step, over all its micro-batches."),
  micro_batch_tokens: count
    .optional()
    .describe(
      "Tokens computed at once; smaller needs less memory and gives the same update. Default: tokens_per_step.",
    ),
  sequence_length: count
    .min(8)
    .optional()
    .describe("Longest row in tokens. Default: the base's context, at most 512."),
  packing: z
    .boolean()
    .default(true)
    .describe(
      "Pack several rows into one sequence (attention never crosses rows); false uses length buckets.",
    ),
  validate_every: count.default(20).describe("Steps between validations."),
  checkpoint_every: count.default(50).describe("Steps between checkpoints."),
  patience: z
    .int()
    .min(0)
    .default(5)
    .describe("Validations without improvement after which training stops; 0 never stops early."),
  seeds: count
    .max(20)
    .default(1)
    .describe("Adapters trained with seed, seed + 1, …; the first ships, and the gate asks that all agree."),
  within_budget: z
    .boolean()
    .default(false)
    .describe(
      "Keep general capability within the budget of its criterion, measured on a held-out part of data.replay.",
    ),
  recompute: z
    .union([z.literal("auto"), z.boolean()], { error: "expected auto, true or false" })
    .default("auto")
    .describe("Recompute activations in the backward pass to save memory; auto when memory is short."),
  precision: z
    .enum(["auto", "float32", "bf16"])
    .default("auto")
    .describe(
      "Of the frozen matrices and their products; bf16 halves their memory. auto: the engine's own, bf16 on cuda, float32 elsewhere. Adapter and optimizer stay in float32.",
    ),
  base_weights: z
    .enum(["auto", "bf16", "q8_0", "q4_0"])
    .default("auto")
    .describe(
      "Storage of the layers' frozen matrices: auto follows precision, q8_0 and q4_0 pack them into 8.5 and 4.5 bits a weight (cuda only; docs/cuda.md).",
    ),
  threads: z.int().min(0).max(1024).default(0).describe("CPU threads; 0 leaves the choice to the engine."),
  max_nonfinite_steps: z
    .int()
    .min(0)
    .default(5)
    .describe("Steps with a non-finite loss or gradient that are skipped before training stops."),
});

/** Every training setting, resolved. */
export type TrainSettings = z.output<typeof trainSettingsSchema>;
