/**
 * Every operation of the Program: its attributes, and its signature in the comment. Letters: B batch, S sequence,
 * D hidden size, N labelled positions, V vocabulary, F feed-forward size, r rank, H query heads, K key/value heads,
 * d head size, P size of the flat parameter vector. `x?` may be absent: optional inputs come last.
 *
 * A frozen matrix may be of dtype bf16. What is multiplied by it must then be bf16 too (program/precision.ts puts the casts in
 * front); the product is summed in float32 or better and rounded to bf16 once; what is added to it and the result are f32.
 */
export interface OpAttrs {
  /** ids i64 [B,S], table [V,D] -> [B,S,D] */
  embed: Record<string, never>;
  /** a, b of one shape -> a + b */
  add: Record<string, never>;
  /** x -> x in the other precision; to bf16: rounded to nearest, ties to even */
  cast: { readonly to: "f32" | "bf16" };
  /** x -> factor * x */
  scale: { readonly factor: number };
  /** x [..,in], weight [out,in], bias? [out] -> x weightᵀ + bias  [..,out] */
  linear: Record<string, never>;
  /** dy [..,out], weight [out,in] -> dy weight  [..,in] */
  linearGrad: Record<string, never>;
  /**
   * x [..,in], weight [out,in], A [r,in], B [out,r], keep? u8 [..,in] (1 = kept by dropout), bias? [out]
   * -> y = x weightᵀ + bias + scale (drop(x) Aᵀ) Bᵀ  [..,out], low = drop(x) Aᵀ  [..,r]
   * with drop(x) = x keep / (1 - dropout). `keep` is an input exactly when dropout > 0, `bias` exactly when hasBias.
   */
  loraLinear: { readonly scale: number; readonly dropout: number; readonly hasBias: boolean };
  /**
   * dy [..,out], x [..,in], weight [out,in], A [r,in], B [out,r], low [..,r], keep? u8 [..,in]
   * -> dA [r,in], dB [out,r], and, when needsInput, dx [..,in]
   */
  loraLinearGrad: { readonly scale: number; readonly dropout: number; readonly needsInput: boolean };
  /** x [..,D], weight [D] -> y = x inv weight, inv [..,1] = 1/sqrt(mean(x²) + eps) */
  rmsNorm: { readonly eps: number };
  /** dy [..,D], x [..,D], weight [D], inv [..,1] -> dx [..,D] */
  rmsNormGrad: Record<string, never>;
  /**
   * x [B,S,H*d], positions i64 [B,S] -> x rotated by halves (Hugging Face layout); inverse rotates back (the gradient).
   * inverseFrequencies [d/2] in float32; the angle is float32(position * inverseFrequency), sine and cosine are rounded
   * to float32, as in transformers. maxPositions bounds `positions`.
   */
  rope: {
    readonly heads: number;
    readonly inverseFrequencies: readonly number[];
    readonly maxPositions: number;
    readonly inverse: boolean;
  };
  /**
   * q [B,S,H*d], k [B,S,K*d], v [B,S,K*d], segments i64 [B,S] -> o [B,S,H*d], lse [B,H,S]
   * Position i sees j when segments agree and (not causal or j <= i). Query head h uses key head floor(h K / H).
   * lse = log sum exp of the scaled, masked scores.
   */
  attention: {
    readonly heads: number;
    readonly kvHeads: number;
    readonly causal: boolean;
    readonly scale: number;
  };
  /** do, q, k, v, o, lse, segments -> dq, dk, dv */
  attentionGrad: {
    readonly heads: number;
    readonly kvHeads: number;
    readonly causal: boolean;
    readonly scale: number;
  };
  /**
   * For decoding. q [B,S,H*d], k [B,S,K*d], v [B,S,K*d], pastKey [B,K,past,d], pastValue [B,K,past,d],
   * mask i64 [B,total] (1 = may be seen) -> o [B,S,H*d], presentKey [B,K,total,d], presentValue [B,K,total,d]
   * where total = past + S, and the query at row i of the new ones sees columns j <= past + i with mask 1.
   */
  cachedAttention: { readonly heads: number; readonly kvHeads: number; readonly scale: number };
  /** gate [..,F], up [..,F] -> act(gate) * up */
  gatedMlp: { readonly activation: "silu" };
  /** dy, gate, up -> dgate, dup */
  gatedMlpGrad: { readonly activation: "silu" };
  /** x [B,S,D], rows i64 [N] (flat indices into B*S, unique except for padding rows) -> [N,D] */
  gatherRows: Record<string, never>;
  /** dy [N,D], rows i64 [N], like [B,S,D] -> [B,S,D], zero where no row points; rows that repeat are summed */
  scatterRows: Record<string, never>;
  /**
   * h [N,D], weight [V,D], targets i64 [N], weights f32 [N] -> sum [1], correct [1], dh [N,D]
   * sum = Σ weights (lse(h weightᵀ) - logit of target), correct = Σ weights [argmax = target],
   * dh = ∂sum/∂h; with a bf16 weight, softmax minus one-hot is rounded to bf16 before its product. Never holds more than chunkRows * V logits at once.
   */
  linearCrossEntropy: { readonly chunkRows: number };
  /** flat [P] -> one tensor for each shape, in order, row-major */
  unflatten: { readonly shapes: readonly (readonly number[])[] };
  /** tensors -> their concatenation as one flat vector [P] */
  flatten: Record<string, never>;
  /** x [P] -> [1] Σ x², summed in two stages */
  sumSquares: Record<string, never>;
  /**
   * g [P], sumSquares [1] of g, count [1] -> clipped [P] = (g / count) min(1, limit / (norm + 1e-6)),
   * norm [1] = sqrt(sumSquares) / count (torch.nn.utils.clip_grad_norm_). limit 0 switches clipping off.
   */
  clipScale: { readonly limit: number };
  /**
   * p [P], g [P], m [P], v [P], learningRate [1], correction1 [1] = 1 - beta1^t, correction2 [1] = 1 - beta2^t
   * -> p', m', v': AdamW of torch.optim, eps after bias correction, decay decoupled. `groups` cover P in order;
   * each group's learning rate is learningRate * ratio (LoRA+).
   */
  adamw: {
    readonly beta1: number;
    readonly beta2: number;
    readonly eps: number;
    readonly weightDecay: number;
    readonly groups: readonly { readonly size: number; readonly ratio: number }[];
  };
  /** x -> zeros like x (clears the gradient sum after an update) */
  zerosLike: Record<string, never>;
}

export type OpName = keyof OpAttrs;
export type AttrsOf<Op extends OpName> = OpAttrs[Op];
