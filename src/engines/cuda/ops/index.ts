import type { OpName } from "../../../ops/attrs.ts";
import { attention, attentionGrad } from "./attention.ts";
import { concatColumns, splitColumns } from "./columns.ts";
import { gatedConv, gatedConvGrad } from "./gated-conv.ts";
import { gatedMlp, gatedMlpGrad } from "./gated-mlp.ts";
import { gelu, geluGrad } from "./gelu.ts";
import { linear, linearGrad } from "./linear.ts";
import { linearCrossEntropy } from "./linear-cross-entropy.ts";
import { loraLinear, loraLinearGrad } from "./lora-linear.ts";
import type { Lowering } from "./lowering.ts";
import { layerNorm, layerNormGrad, rmsNorm, rmsNormGrad } from "./norm.ts";
import { adamw, clipScale, sumSquares } from "./optimizer.ts";
import { rope } from "./rope.ts";
import { add, embed, flatten, gatherRows, multiply, scale, scatterRows, zerosLike } from "./shape.ts";

/** For operations without commands: they only rename or alias values. */
const noCommand = (): void => undefined;

const unsupported = (): void => {
  throw new Error("the Program has an operation that the cuda engine lacks");
};

export const LOWERINGS = {
  embed,
  columnIndex: unsupported,
  add,
  multiply,
  cast: noCommand,
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
  cachedAttention: unsupported,
  gatedMlp,
  gatedMlpGrad,
  gelu,
  geluGrad,
  splitColumns,
  concatColumns,
  contrastive: unsupported,
  gatedConv,
  gatedConvGrad,
  cachedGatedConv: unsupported,
  gatherRows,
  scatterRows,
  linearCrossEntropy,
  lastToken: unsupported,
  trainedLinear: unsupported,
  trainedLinearGrad: unsupported,
  crossEntropy: unsupported,
  unflatten: noCommand,
  flatten,
  sumSquares,
  clipScale,
  adamw,
  zerosLike,
} satisfies { readonly [Op in OpName]: Lowering<Op> };

/** Operations without a kernel. */
export const LACKS = (Object.keys(LOWERINGS) as OpName[]).filter((op) => LOWERINGS[op] === unsupported);
