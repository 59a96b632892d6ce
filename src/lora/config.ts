import type { VariantName } from "./variants/index.ts";

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
}
