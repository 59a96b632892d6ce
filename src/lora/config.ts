import type { VariantName } from "./variants/index.ts";

/**
 * A classification head that is trained whole beside the factors: logits = x weightᵀ of the last token's hidden state after the
 * final norm, as in transformers' *ForSequenceClassification for decoders. PEFT stores it as one of modules_to_save.
 */
export interface ClassHead {
  /** Names of the classes; row k of the weight is class k. */
  readonly labels: readonly string[];
}

/** Settings of an adapter: the fields of PEFT's LoraConfig that lorafit reads. */
export interface LoraConfig {
  readonly variant: VariantName;
  readonly rank: number;
  readonly alpha: number;
  /** Probability that an element of A's input is dropped in training. */
  readonly dropout: number;
  /** True: scale by alpha / sqrt(rank) instead of alpha / rank (Kalajdzievski 2023, "rsLoRA"). */
  readonly rsLora: boolean;
  readonly targets: "attention" | "all-linear" | readonly string[];
  /** Pattern of module paths -> rank; the first match wins. */
  readonly rankPattern: Readonly<Record<string, number>>;
  readonly alphaPattern: Readonly<Record<string, number>>;
  readonly head?: ClassHead | undefined;
  /** True if PEFT's names lack the family's prefix, as those of a model without head (AutoModel) do. */
  readonly bare?: boolean;
}
