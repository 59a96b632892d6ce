import type { OpName } from "../../../ops/attrs.ts";
import { adamw, clipScale, sumSquares } from "./adamw.ts";
import { attention, attentionGrad } from "./attention.ts";
import { cachedAttention } from "./cached-attention.ts";
import { gatedMlp, gatedMlpGrad } from "./gated-mlp.ts";
import { linear, linearGrad } from "./linear.ts";
import { linearCrossEntropy } from "./linear-cross-entropy.ts";
import { loraLinear, loraLinearGrad } from "./lora-linear.ts";
import type { Lowering } from "./lowering.ts";
import { rmsNorm, rmsNormGrad } from "./rms-norm.ts";
import { rope } from "./rope.ts";
import { add, cast, embed, flatten, gatherRows, scale, scatterRows, unflatten, zerosLike } from "./shape.ts";

/** How each operation becomes ONNX nodes; a missing one is a compile error. */
export const LOWERINGS = {
  embed,
  add,
  cast,
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
  cachedAttention,
  gatedMlp,
  gatedMlpGrad,
  gatherRows,
  scatterRows,
  linearCrossEntropy,
  unflatten,
  flatten,
  sumSquares,
  clipScale,
  adamw,
  zerosLike,
} satisfies { readonly [Op in OpName]: Lowering<Op> };
