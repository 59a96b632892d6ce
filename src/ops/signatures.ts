import type { OpName } from "./attrs.ts";

/**
 * Role of an operand. Precision, packing, storage and scheduling follow from it:
 * - activation: values for each position, or gradients of such; bf16 where an engine keeps activations in bf16
 * - tensor: an activation, or a flat vector when it has one size
 * - gemmInput: an activation that the frozen matrix multiplies, so that it has the matrix's precision
 * - gemmOutput, sumOutput: an activation that a product, or a sum, makes; an engine may add another value in the same pass
 * - weight: frozen matrix of a layer; may be bf16 and may be packed
 * - head, table: frozen matrix over the vocabulary, multiplied or gathered from; may be bf16
 * - normWeight, bias: frozen float32 vector
 * - filter: frozen float32 weights of a convolution
 * - factor, factorGradient: trained low-rank matrix and its gradient, float32
 * - statistic: float32 numbers for each position, whatever the activations are in
 * - cache: keys or values of earlier positions
 * - index, mask: integers
 * - flat: vector of all trained parameters, of their gradient or of a moment, float32
 * - scalar: float32 [1]
 */
export type Role =
  | "activation"
  | "tensor"
  | "gemmInput"
  | "gemmOutput"
  | "sumOutput"
  | "weight"
  | "head"
  | "table"
  | "normWeight"
  | "bias"
  | "filter"
  | "factor"
  | "factorGradient"
  | "statistic"
  | "cache"
  | "index"
  | "mask"
  | "flat"
  | "scalar";

/** A role; of an operand that may be absent; of any number of operands. */
export type Operand =
  | Role
  | { readonly role: Role; readonly optional: true }
  | { readonly role: Role; readonly list: true };
export type Operands = Readonly<Record<string, Operand>>;

const optional = <R extends Role>(role: R) => ({ role, optional: true }) as const;
const list = <R extends Role>(role: R) => ({ role, list: true }) as const;

/**
 * Inputs and outputs of every operation, in order. Letters: B batch, S sequence, D hidden size, N labelled positions,
 * V vocabulary, F feed-forward size, r rank, H query heads, K key/value heads, d head size, P size of the flat vector.
 *
 * With a bf16 matrix, gemmInputs are bf16 too (program/precision.ts puts in the casts). The product is summed in float32 or
 * better and rounded to bf16 once; what is added to it and the result are f32.
 */
export const SIGNATURES = {
  /** ids i64 [B,S], table [V,D] -> y [B,S,D] */
  embed: { inputs: { ids: "index", table: "table" }, outputs: { y: "activation" } },
  /** ids i64 [B,S] -> index i64 [B,S], the column of each entry: positions of texts that begin in column 0 */
  columnIndex: { inputs: { ids: "index" }, outputs: { index: "index" } },
  /** a, b of one shape -> y = a + b */
  add: { inputs: { a: "tensor", b: "tensor" }, outputs: { y: "tensor" } },
  /** a, b of one shape -> y = a b */
  multiply: { inputs: { a: "activation", b: "activation" }, outputs: { y: "activation" } },
  /** x -> y, x in the other precision; to bf16: rounded to nearest, ties to even */
  cast: { inputs: { x: "activation" }, outputs: { y: "activation" } },
  /** x -> y = factor * x */
  scale: { inputs: { x: "tensor" }, outputs: { y: "tensor" } },
  /** x [..,in], weight [out,in], bias [out] -> y [..,out] = x weightᵀ + bias */
  linear: {
    inputs: { x: "gemmInput", weight: "weight", bias: optional("bias") },
    outputs: { y: "gemmOutput" },
  },
  /** dy [..,out], weight [out,in] -> dx [..,in] = dy weight */
  linearGrad: { inputs: { dy: "gemmInput", weight: "weight" }, outputs: { dx: "gemmOutput" } },
  /**
   * x [..,in], weight [out,in], A [r,in], B [out,r], dropoutMask u8 [..,in] (1 = kept), bias [out]
   * -> y [..,out] = x weightᵀ + bias + scale (drop(x) Aᵀ) Bᵀ, loraHidden [..,r] = drop(x) Aᵀ
   * with drop(x) = x dropoutMask / (1 - dropout).
   */
  loraLinear: {
    inputs: {
      x: "gemmInput",
      weight: "weight",
      A: "factor",
      B: "factor",
      dropoutMask: optional("mask"),
      bias: optional("bias"),
    },
    outputs: { y: "gemmOutput", loraHidden: "activation" },
  },
  /**
   * dy [..,out], x [..,in], weight [out,in], A [r,in], B [out,r], loraHidden [..,r], dropoutMask u8 [..,in]
   * -> dA [r,in], dB [out,r], and, when needsInput, dx [..,in].
   * x takes no part in the product with the weight, but the forward pass has rounded it already.
   */
  loraLinearGrad: {
    inputs: {
      dy: "gemmInput",
      x: "gemmInput",
      weight: "weight",
      A: "factor",
      B: "factor",
      loraHidden: "activation",
      dropoutMask: optional("mask"),
    },
    outputs: { dA: "factorGradient", dB: "factorGradient", dx: optional("gemmOutput") },
  },
  /**
   * x [..,n D], weight [D] -> y = x rstd (weight + offset), rstd [..,n] = 1/sqrt(mean(x²) + eps) of each D values: n is 1 for
   * a layer's norm and the number of heads for a norm per head.
   */
  rmsNorm: {
    inputs: { x: "activation", weight: "normWeight" },
    outputs: { y: "activation", rstd: "statistic" },
  },
  /** dy [..,n D], x [..,n D], weight [D], rstd [..,n] -> dx [..,n D] */
  rmsNormGrad: {
    inputs: { dy: "activation", x: "activation", weight: "normWeight", rstd: "statistic" },
    outputs: { dx: "sumOutput" },
  },
  /**
   * x [..,D], weight [D], bias [D] -> y = (x - mean) rstd weight + bias, mean [..,1] of x,
   * rstd [..,1] = 1/sqrt(mean((x - mean)²) + eps)
   */
  layerNorm: {
    inputs: { x: "activation", weight: "normWeight", bias: optional("bias") },
    outputs: { y: "activation", mean: "statistic", rstd: "statistic" },
  },
  /** dy [..,D], x [..,D], weight [D], mean [..,1], rstd [..,1] -> dx [..,D] */
  layerNormGrad: {
    inputs: { dy: "activation", x: "activation", weight: "normWeight", mean: "statistic", rstd: "statistic" },
    outputs: { dx: "sumOutput" },
  },
  /**
   * x [B,S,H*d], positions i64 [B,S] -> y: x rotated by halves (Hugging Face layout). The angle is
   * float32(position * inverseFrequency); sine and cosine are rounded to float32, as in transformers.
   */
  rope: { inputs: { x: "activation", positions: "index" }, outputs: { y: "activation" } },
  /**
   * q [B,S,H*d], k [B,S,K*d], v [B,S,K*d], segments i64 [B,S] -> o [B,S,H*d], lse [B,H,S]
   * Position i sees j when segments agree, (not causal or j <= i) and |i - j| < window. Query head h uses key head floor(h K / H).
   * lse = log sum exp of the scaled, masked scores.
   */
  attention: {
    inputs: { q: "activation", k: "activation", v: "activation", segments: "index" },
    outputs: { o: "activation", lse: "statistic" },
  },
  /** Gradient dO of o [B,S,H*d], and what attention read and made -> dq, dk, dv */
  attentionGrad: {
    inputs: {
      dO: "activation",
      q: "activation",
      k: "activation",
      v: "activation",
      o: "activation",
      lse: "statistic",
      segments: "index",
    },
    outputs: { dq: "activation", dk: "activation", dv: "activation" },
  },
  /**
   * For decoding. q [B,S,H*d], k [B,S,K*d], v [B,S,K*d], pastKey [B,K,past,d], pastValue [B,K,past,d],
   * mask i64 [B,total] (1 = may be seen) -> o [B,S,H*d], presentKey [B,K,total,d], presentValue [B,K,total,d]
   * where total = past + S, and the query at row i of the new ones sees columns j <= past + i with mask 1 and past + i - j < window.
   */
  cachedAttention: {
    inputs: {
      q: "activation",
      k: "activation",
      v: "activation",
      pastKey: "cache",
      pastValue: "cache",
      mask: "mask",
    },
    outputs: { o: "activation", presentKey: "cache", presentValue: "cache" },
  },
  /** gate [..,F], up [..,F] -> y = act(gate) * up */
  gatedMlp: { inputs: { gate: "activation", up: "activation" }, outputs: { y: "activation" } },
  /** dy, gate, up [..,F] -> dGate, dUp */
  gatedMlpGrad: {
    inputs: { dy: "activation", gate: "activation", up: "activation" },
    outputs: { dGate: "activation", dUp: "activation" },
  },
  /** x -> y = x (1 + erf(x / sqrt 2)) / 2, or its approximation x (1 + tanh(sqrt(2/π) (x + 0.044715 x³))) / 2 */
  gelu: { inputs: { x: "activation" }, outputs: { y: "activation" } },
  /** dy, x -> dx */
  geluGrad: { inputs: { dy: "activation", x: "activation" }, outputs: { dx: "activation" } },
  /** x [..,n w] -> n parts [..,w], adjacent columns of x in order */
  splitColumns: { inputs: { x: "activation" }, outputs: { parts: list("activation") } },
  /** n parts [..,w] -> y [..,n w] */
  concatColumns: { inputs: { parts: list("activation") }, outputs: { y: "activation" } },
  /**
   * x [2N,S,D]: N queries, then their passages; segments i64 [2N,S], 1 for a token, 0 for padding -> lossSum [1], correct [1],
   * dx [2N,S,D] = ∂lossSum/∂x. With u_i the mean of row i's tokens, scaled to unit length, and s_ij = u_i u_{N+j} / temperature:
   * lossSum = Σ_i (log Σ_j exp s_ij - s_ii), correct = Σ_i [argmax_j s_ij = i]
   */
  contrastive: {
    inputs: { x: "activation", segments: "index" },
    outputs: { lossSum: "scalar", correct: "scalar", dx: "activation" },
  },
  /**
   * x [B,S,3 D] with the columns B, C, v; filter [D,1,L], bias [D], segments i64 [B,S] -> y [B,S,D] = C (bias +
   * Σ_j filter_{L-1-j} (B v) of the position j back), over 0 <= j < L in the same segment
   */
  gatedConv: {
    inputs: { x: "activation", filter: "filter", bias: optional("bias"), segments: "index" },
    outputs: { y: "activation" },
  },
  /** dy [B,S,D], and what gatedConv read -> dx [B,S,3 D] */
  gatedConvGrad: {
    inputs: {
      dy: "activation",
      x: "activation",
      filter: "filter",
      bias: optional("bias"),
      segments: "index",
    },
    outputs: { dx: "activation" },
  },
  /**
   * For decoding. x, filter, bias as for gatedConv, past [B,D,L]: B v of the last L positions, mask i64 [B,total]
   * (1 = may be seen) whose last S columns are the new positions -> y [B,S,D], present [B,D,L]
   */
  cachedGatedConv: {
    inputs: { x: "activation", filter: "filter", bias: optional("bias"), past: "cache", mask: "mask" },
    outputs: { y: "activation", present: "cache" },
  },
  /** x [B,S,D], rows i64 [N] (flat indices into B*S, unique except for padding rows) -> y [N,D] */
  gatherRows: { inputs: { x: "activation", rows: "index" }, outputs: { y: "activation" } },
  /** dy [N,D], rows i64 [N], like [B,S,D] -> dx [B,S,D], zero where no row points; rows that repeat are summed */
  scatterRows: {
    inputs: { dy: "activation", rows: "index", like: "activation" },
    outputs: { dx: "activation" },
  },
  /**
   * h [N,D], weight [V,D], targets i64 [N], lossWeights f32 [N] -> lossSum [1], correct [1], dh [N,D]
   * lossSum = Σ lossWeights (lse(h weightᵀ) - logit of target), correct = Σ lossWeights [argmax = target],
   * dh = ∂lossSum/∂h; with a bf16 weight, softmax minus one-hot is rounded to bf16 before its product.
   */
  linearCrossEntropy: {
    inputs: { h: "gemmInput", weight: "head", targets: "index", lossWeights: "statistic" },
    outputs: { lossSum: "scalar", correct: "scalar", dh: "activation" },
  },
  /** x [B,S,D], mask i64 [B,S] (1 = a token, 0 = padding) -> y [B,D], x at the last token of each row */
  lastToken: { inputs: { x: "activation", mask: "index" }, outputs: { y: "activation" } },
  /** x [N,in], weight [out,in] -> y [N,out] = x weightᵀ, of a matrix that is trained whole, such as a classification head */
  trainedLinear: { inputs: { x: "activation", weight: "factor" }, outputs: { y: "activation" } },
  /** dy [N,out], x [N,in], weight [out,in] -> dx [N,in] = dy weight, dWeight [out,in] = dyᵀ x */
  trainedLinearGrad: {
    inputs: { dy: "activation", x: "activation", weight: "factor" },
    outputs: { dx: "activation", dWeight: "factorGradient" },
  },
  /**
   * logits [N,K], targets i64 [N], lossWeights f32 [N] -> lossSum [1], correct [1], dLogits [N,K]
   * lossSum = Σ lossWeights (lse(logits) - logit of target), correct = Σ lossWeights [argmax = target],
   * dLogits = lossWeights (softmax - one-hot) = ∂lossSum/∂logits
   */
  crossEntropy: {
    inputs: { logits: "activation", targets: "index", lossWeights: "statistic" },
    outputs: { lossSum: "scalar", correct: "scalar", dLogits: "activation" },
  },
  /** flat [P] -> one tensor for each shape, in order, row-major */
  unflatten: { inputs: { flat: "flat" }, outputs: { parts: list("factor") } },
  /** parts -> flat [P], their concatenation */
  flatten: { inputs: { parts: list("factorGradient") }, outputs: { flat: "flat" } },
  /** x [P] -> sum [1] = Σ x², summed in two stages */
  sumSquares: { inputs: { x: "flat" }, outputs: { sum: "scalar" } },
  /**
   * g [P], sumSquares [1] of g, count [1] -> clipped [P] = (g / count) min(1, limit / (norm + 1e-6)),
   * norm [1] = sqrt(sumSquares) / count (torch.nn.utils.clip_grad_norm_)
   */
  clipScale: {
    inputs: { g: "flat", sumSquares: "scalar", count: "scalar" },
    outputs: { clipped: "flat", norm: "scalar" },
  },
  /**
   * p [P], g [P], m [P], v [P], learningRate [1], correction1 [1] = 1 - beta1^t, correction2 [1] = 1 - beta2^t
   * -> pNext, mNext, vNext: AdamW of torch.optim, eps after bias correction, decay decoupled
   */
  adamw: {
    inputs: {
      p: "flat",
      g: "flat",
      m: "flat",
      v: "flat",
      learningRate: "scalar",
      correction1: "scalar",
      correction2: "scalar",
    },
    outputs: { pNext: "flat", mNext: "flat", vNext: "flat" },
  },
  /** x [P] -> y [P], zeros (clears the gradient sum after an update) */
  zerosLike: { inputs: { x: "flat" }, outputs: { y: "flat" } },
} as const satisfies {
  readonly [Op in OpName]: { readonly inputs: Operands; readonly outputs: Operands };
};

type Signatures = typeof SIGNATURES;
type OptionalNames<S> = { [Name in keyof S]: S[Name] extends { optional: true } ? Name : never }[keyof S];

/** One T for each operand by name, a list for one that is a list. */
type Named<S, T> = {
  readonly [Name in Exclude<keyof S, OptionalNames<S>>]: S[Name] extends { list: true } ? readonly T[] : T;
} & { readonly [Name in OptionalNames<S>]?: T | undefined };

export type Inputs<Op extends OpName, T> = { [Name in Op]: Named<Signatures[Name]["inputs"], T> }[Op];
export type Outputs<Op extends OpName, T> = { [Name in Op]: Named<Signatures[Name]["outputs"], T> }[Op];

type RoleOf<T> = T extends Role ? T : T extends { readonly role: infer R } ? R : never;
type NamesIn<S, R> = {
  [Name in keyof S]: S[Name] extends { list: true } ? never : RoleOf<S[Name]> extends R ? Name : never;
}[keyof S] &
  string;
/** Names of the operands in one of the roles R; lists are left out. */
export type InputName<Op extends OpName, R extends Role = Role> = NamesIn<Signatures[Op]["inputs"], R>;
export type OutputName<Op extends OpName, R extends Role = Role> = NamesIn<Signatures[Op]["outputs"], R>;

/** Roles of values for each position, or of gradients of such. */
export type ActivationRole = "activation" | "tensor" | "gemmInput" | "gemmOutput" | "sumOutput";
export type MatrixRole = "weight" | "head" | "table";

const roleIn = (operand: Operand): Role => (typeof operand === "string" ? operand : operand.role);

/** [name, role] of each input, or output, in order. */
export const inputRoles = (op: OpName): [string, Role][] => rolesOf(SIGNATURES[op].inputs);
export const outputRoles = (op: OpName): [string, Role][] => rolesOf(SIGNATURES[op].outputs);
const rolesOf = (operands: Operands): [string, Role][] =>
  Object.entries(operands).map(([name, operand]) => [name, roleIn(operand)]);
