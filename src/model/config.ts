/**
 * Settings of a model that code outside its family may read. Each family extends this type with its own. The object is plain
 * data: its JSON is part of the base's hash, so the order of keys in a family's `parseConfig` must not change.
 */
export interface ModelConfig {
  /** transformers' model_type: the key of the model's family (families/index.ts). */
  readonly family: string;
  readonly vocabSize: number;
  readonly hiddenSize: number;
  readonly layers: number;
  readonly heads: number;
  readonly kvHeads: number;
  readonly headDim: number;
  /** Length of the context, in tokens. */
  readonly maxPositions: number;
  /** True if the head is the embedding table. */
  readonly tied: boolean;
  readonly bosId: number | null;
  readonly eosIds: readonly number[];
  readonly padId: number | null;
}
