import type { Lowerings } from "../lowering.ts";
import { adamw, clipScale, sumSquares } from "./adamw.ts";
import { attention, attentionGrad } from "./attention.ts";
import { cachedAttention } from "./cached-attention.ts";
import { crossEntropy, lastToken, trainedLinear, trainedLinearGrad } from "./class-head.ts";
import { concatColumns, splitColumns } from "./columns.ts";
import { contrastive } from "./contrastive.ts";
import { cachedGatedConv, gatedConv, gatedConvGrad } from "./gated-conv.ts";
import { gatedMlp, gatedMlpGrad } from "./gated-mlp.ts";
import { gelu, geluGrad } from "./gelu.ts";
import { layerNorm, layerNormGrad } from "./layer-norm.ts";
import { linear, linearGrad } from "./linear.ts";
import { linearCrossEntropy } from "./linear-cross-entropy.ts";
import { loraLinear, loraLinearGrad } from "./lora-linear.ts";
import { rmsNorm, rmsNormGrad } from "./rms-norm.ts";
import { rope } from "./rope.ts";
import {
  add,
  cast,
  columnIndex,
  embed,
  flatten,
  gatherRows,
  multiply,
  scale,
  scatterRows,
  unflatten,
  zerosLike,
} from "./shape.ts";

/** Every operation in the kernels of a TensorBuilder. An engine replaces single ones where its library has a faster kernel. */
export const LOWERINGS: Lowerings = {
  embed,
  columnIndex,
  add,
  multiply,
  cast,
  scale,
  linear,
  linearGrad,
  loraLinear,
  loraLinearGrad,
  rmsNorm,
  rmsNormGrad,
  layerNorm,
  layerNormGrad,
  rope,
  attention,
  attentionGrad,
  cachedAttention,
  gatedMlp,
  gatedMlpGrad,
  gelu,
  geluGrad,
  splitColumns,
  concatColumns,
  contrastive,
  gatedConv,
  gatedConvGrad,
  cachedGatedConv,
  gatherRows,
  scatterRows,
  linearCrossEntropy,
  lastToken,
  trainedLinear,
  trainedLinearGrad,
  crossEntropy,
  unflatten,
  flatten,
  sumSquares,
  clipScale,
  adamw,
  zerosLike,
};
