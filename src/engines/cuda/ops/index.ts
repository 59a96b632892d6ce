import type { OpName } from "../../../ops/attrs.ts";
import { attention, attentionGrad } from "./attention.ts";
import { gatedMlp, gatedMlpGrad } from "./gated-mlp.ts";
import { linear, linearGrad } from "./linear.ts";
import { linearCrossEntropy } from "./linear-cross-entropy.ts";
import { loraLinear, loraLinearGrad } from "./lora-linear.ts";
import type { Lowering } from "./lowering.ts";
import { rmsNorm, rmsNormGrad } from "./norm.ts";
import { adamw, clipScale, sumSquares } from "./optimizer.ts";
import { rope } from "./rope.ts";
import { add, embed, flatten, gatherRows, scale, scatterRows, zerosLike } from "./shape.ts";

/** Operations without a command of their own: what they mean is where values lie. */
const nothing = (): void => undefined;

const lacking = (): void => {
  throw new Error("the cuda engine trains; it has no cachedAttention");
};

export const LOWERINGS = {
  embed,
  add,
  cast: nothing,
  scale,
  linear,
  linearGrad,
  loraLinear,
  loraLinearGrad,
  rmsNorm,
  rmsNormGrad,
  rope,
  attention,
  attentionGrad,
  cachedAttention: lacking,
  gatedMlp,
  gatedMlpGrad,
  gatherRows,
  scatterRows,
  linearCrossEntropy,
  unflatten: nothing,
  flatten,
  sumSquares,
  clipScale,
  adamw,
  zerosLike,
} satisfies { readonly [Op in OpName]: Lowering<Op> };
