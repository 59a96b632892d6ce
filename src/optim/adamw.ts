import type { LoraLayout } from "../lora/layout.ts";
import type { ProgramBuilder } from "../program/builder.ts";
import type { ValueId } from "../program/program.ts";

export interface OptimizerSettings {
  readonly beta1: number;
  readonly beta2: number;
  readonly eps: number;
  readonly weightDecay: number;
  /** Maximum norm of the mean gradient; 0: no clipping. */
  readonly clip: number;
  /** Learning rate of B over that of A (Hayou et al. 2024, "LoRA+"); 1: plain LoRA. */
  readonly loraPlusRatio: number;
}

/**
 * Values of the inputs that `appendUpdate` adds: learning rate, bias corrections 1 - beta^t of step t (from 1 on), and the number
 * of targets that the gradient sums over. The corrections are computed in float64, because 1 - 0.999^t loses its digits in float32.
 */
export const updateInputs = (
  { beta1, beta2 }: Pick<OptimizerSettings, "beta1" | "beta2">,
  learningRate: number,
  t: number,
  count: number,
) => ({
  learning_rate: learningRate,
  correction1: 1 - beta1 ** t,
  correction2: 1 - beta2 ** t,
  count,
});

/**
 * Appends mean, clip and AdamW over the flat vector and sets the next state. `gradient` [P] is a sum over `count` tokens.
 * Adds the inputs learning_rate, correction1, correction2, count [1] and the output gradient_norm [1], which guards the state.
 */
export function appendUpdate(
  b: ProgramBuilder,
  layout: LoraLayout,
  settings: OptimizerSettings,
  gradient: ValueId,
): void {
  const scalar = (name: string): ValueId => b.input(name, "f32", [1]);
  const learningRate = scalar("learning_rate");
  const [correction1, correction2] = [scalar("correction1"), scalar("correction2")];
  const count = scalar("count");
  const [p, m, v] = ["parameters", "moment1", "moment2"].map((name) => b.state(name, [layout.size])) as [
    ValueId,
    ValueId,
    ValueId,
  ];
  const { sum: sumSquares } = b.node("sumSquares", { x: gradient }, {});
  const { clipped, norm } = b.node("clipScale", { g: gradient, sumSquares, count }, { limit: settings.clip });
  const groups = [
    ...layout.groups.map(({ factor, size }) => ({
      size,
      ratio: factor.isOutput ? settings.loraPlusRatio : 1,
    })),
    ...(layout.head === undefined ? [] : [{ size: layout.head.size, ratio: 1 }]),
  ];
  const inputs = { p, g: clipped, m, v, learningRate, correction1, correction2 };
  const { pNext, mNext, vNext } = b.node("adamw", inputs, {
    beta1: settings.beta1,
    beta2: settings.beta2,
    eps: settings.eps,
    weightDecay: settings.weightDecay,
    groups: settings.loraPlusRatio === 1 ? [{ size: layout.size, ratio: 1 }] : groups,
  });
  b.next(p, pNext);
  b.next(m, mNext);
  b.next(v, vNext);
  b.guard(norm);
  b.output(norm, "gradient_norm");
}
