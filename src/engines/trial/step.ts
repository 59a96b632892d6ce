import { injectLora } from "../../lora/inject.ts";
import { loraLayout } from "../../lora/layout.ts";
import { appendTokenLoss } from "../../loss/token-loss.ts";
import { familyOf, parseModelConfig } from "../../model/families/index.ts";
import { hiddenProgram, segmentsOf } from "../../model/programs.ts";
import { appendUpdate, type OptimizerSettings, updateInputs } from "../../optim/adamw.ts";
import { differentiate } from "../../program/autodiff.ts";
import { ProgramBuilder } from "../../program/builder.ts";
import { frozenInBf16, type Precision } from "../../program/precision.ts";
import type { Program } from "../../program/program.ts";
import { createRng } from "../../rng.ts";
import type { HostTensor, Tensors } from "../engine.ts";

/** A Llama of 80,000 parameters with grouped heads; no size is a multiple of a kernel's tile. */
const CONFIG = parseModelConfig(
  {
    architectures: ["LlamaForCausalLM"],
    model_type: "llama",
    vocab_size: 101,
    hidden_size: 64,
    intermediate_size: 88,
    num_hidden_layers: 2,
    num_attention_heads: 4,
    num_key_value_heads: 2,
    hidden_act: "silu",
    max_position_embeddings: 64,
    rms_norm_eps: 1e-5,
    rope_theta: 10000,
    tie_word_embeddings: true,
    bos_token_id: 1,
    eos_token_id: 2,
  },
  "the trial's model",
);
const LAYOUT = loraLayout(CONFIG, {
  variant: "lora",
  rank: 5,
  alpha: 10,
  dropout: 0,
  rsLora: false,
  targets: "all-linear",
  rankPattern: {},
  alphaPattern: {},
});
const OPTIMIZER: OptimizerSettings = {
  beta1: 0.9,
  beta2: 0.999,
  eps: 1e-8,
  weightDecay: 0.01,
  clip: 1,
  loraPlusRatio: 1,
};
const [BATCH, SEQUENCE, LABELLED] = [2, 40, 48];
const LEARNING_RATE = 1e-3;

/** One training step of a small model with seeded numbers: what a trial runs. */
export interface TrialStep {
  readonly program: Program;
  readonly weights: Tensors;
  readonly state: Tensors;
  /** Feeds of step `t`, which counts from 1. */
  feeds(t: number): Tensors;
}

export function trialStep(precision: Precision): TrialStep {
  const rng = createRng("trial");
  const program = precision === "bf16" ? frozenInBf16(stepProgram()) : stepProgram();
  const weights = Object.fromEntries(
    program.weights.map((id): [string, HostTensor] => {
      const { name, shape } = program.values[id]!;
      const around = familyOf(CONFIG).initial(name) === 1 ? 1 : 0;
      return [name, normal(shape as number[], 0.1, around)];
    }),
  );
  const zeros = (): HostTensor => ({ shape: [LAYOUT.size], data: new Float32Array(LAYOUT.size) });
  const state = { parameters: normal([LAYOUT.size], 0.1), moment1: zeros(), moment2: zeros() };
  const batch = batchFeeds();
  return { program, weights, state, feeds: (t) => ({ ...batch, ...updateFeeds(t) }) };

  function normal(shape: readonly number[], deviation: number, mean = 0): HostTensor {
    const size = shape.reduce((n, d) => n * d, 1);
    return { shape, data: Float32Array.from({ length: size }, () => mean + deviation * rng.normal()) };
  }

  function integers(shape: readonly number[], value: (i: number) => number): HostTensor {
    const length = shape.reduce((n, d) => n * d, 1);
    return { shape, data: BigInt64Array.from({ length }, (_, i) => BigInt(value(i))) };
  }

  /** Rows of two documents, the second from position 25 on. */
  function batchFeeds(): Tensors {
    const grid = [BATCH, SEQUENCE];
    return {
      input_ids: integers(grid, () => rng.int(CONFIG.vocabSize)),
      positions: integers(grid, (i) => (i % SEQUENCE) % 25),
      segments: integers(grid, (i) => (i % SEQUENCE < 25 ? 1 : 2)),
      labelled: integers([LABELLED], (i) => i + 10),
      targets: integers([LABELLED], () => rng.int(CONFIG.vocabSize)),
      loss_weights: { shape: [LABELLED], data: new Float32Array(LABELLED).fill(1) },
    };
  }
}

function stepProgram(): Program {
  const hidden = injectLora(hiddenProgram(CONFIG, BATCH, SEQUENCE), LAYOUT, "state");
  const b = ProgramBuilder.from({ ...hidden, outputs: [] }, "trial");
  const { lossSum, correct } = appendTokenLoss(b, {
    config: CONFIG,
    hidden: hidden.outputs[0]!,
    segments: segmentsOf(hidden),
    head: undefined,
    labelled: LABELLED,
    logitsBytes: undefined,
  });
  b.output(lossSum, "loss_sum");
  b.output(correct, "correct");
  b.guard(lossSum);
  const [gradient] = differentiate(b, lossSum, [b.state("parameters", [LAYOUT.size])]);
  appendUpdate(b, LAYOUT, OPTIMIZER, gradient!);
  return b.build();
}

function updateFeeds(t: number): Tensors {
  const values = Object.entries(updateInputs(OPTIMIZER, LEARNING_RATE, t, LABELLED));
  return Object.fromEntries(
    values.map(([name, value]) => [name, { shape: [1], data: Float32Array.of(value) }]),
  );
}
