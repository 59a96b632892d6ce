/** Attributes of every operation. What the operations compute: ops/signatures.ts. */
export interface OpAttrs {
  embed: Record<string, never>;
  columnIndex: Record<string, never>;
  add: Record<string, never>;
  multiply: Record<string, never>;
  cast: { readonly to: "f32" | "bf16" };
  /** frozen: the factor belongs to the base, so it is rounded to bf16 where the frozen matrices are. */
  scale: { readonly factor: number; readonly frozen?: true };
  linear: Record<string, never>;
  linearGrad: Record<string, never>;
  /** `dropoutMask` is an input exactly when dropout > 0, `bias` exactly when hasBias. */
  loraLinear: { readonly scale: number; readonly dropout: number; readonly hasBias: boolean };
  loraLinearGrad: { readonly scale: number; readonly dropout: number; readonly needsInput: boolean };
  /** offset: added to the weight (Gemma stores w of 1 + w); absent: 0. */
  rmsNorm: { readonly eps: number; readonly offset?: number };
  rmsNormGrad: { readonly offset?: number };
  layerNorm: { readonly eps: number };
  layerNormGrad: Record<string, never>;
  /** inverseFrequencies [d/2] in float32; maxPositions bounds `positions`; inverse rotates back (the gradient). */
  rope: {
    readonly heads: number;
    readonly inverseFrequencies: readonly number[];
    readonly maxPositions: number;
    readonly inverse: boolean;
  };
  attention: AttentionAttrs;
  attentionGrad: AttentionAttrs;
  cachedAttention: Omit<AttentionAttrs, "causal">;
  gatedMlp: { readonly activation: GateActivation };
  gatedMlpGrad: { readonly activation: GateActivation };
  gelu: { readonly form: GeluForm };
  geluGrad: { readonly form: GeluForm };
  /** Parts of equal width. */
  splitColumns: { readonly count: number };
  concatColumns: Record<string, never>;
  contrastive: { readonly temperature: number };
  gatedConv: Record<string, never>;
  gatedConvGrad: Record<string, never>;
  cachedGatedConv: Record<string, never>;
  gatherRows: Record<string, never>;
  scatterRows: Record<string, never>;
  /** At most chunkRows * V logits exist at once. */
  linearCrossEntropy: { readonly chunkRows: number };
  lastToken: Record<string, never>;
  trainedLinear: Record<string, never>;
  trainedLinearGrad: Record<string, never>;
  crossEntropy: Record<string, never>;
  unflatten: { readonly shapes: readonly (readonly number[])[] };
  flatten: Record<string, never>;
  sumSquares: Record<string, never>;
  /** limit 0 turns clipping off. */
  clipScale: { readonly limit: number };
  /** `groups` cover P in order; the learning rate of a group is learningRate * ratio (LoRA+). */
  adamw: {
    readonly beta1: number;
    readonly beta2: number;
    readonly eps: number;
    readonly weightDecay: number;
    readonly groups: readonly { readonly size: number; readonly ratio: number }[];
  };
  zerosLike: Record<string, never>;
}

/** "erf": exact. "tanh": the approximation that transformers calls gelu_new and gelu_pytorch_tanh. */
export type GeluForm = "erf" | "tanh";

/** silu x sigmoid(x); gelu_tanh x sigmoid(2 sqrt(2/pi) (x + 0.044715 x³)), transformers' gelu_pytorch_tanh. */
export type GateActivation = "silu" | "gelu_tanh";

interface AttentionAttrs {
  readonly heads: number;
  readonly kvHeads: number;
  readonly causal: boolean;
  readonly scale: number;
  /** Sliding window: position i sees j only if |i - j| < window. Absent: no limit. */
  readonly window?: number | undefined;
}

export type OpName = keyof OpAttrs;
export type AttrsOf<Op extends OpName> = OpAttrs[Op];
