/** Natural log-likelihood of a text: sum over its tokens, number of tokens, and length in bytes of UTF-8. */
export interface Likelihood {
  sum: number;
  count: number;
  bytes: number;
}

/** Generated text of one answer. */
export interface Generated {
  text: string;
  tokens: number;
  finish: "stop" | "length";
}

/** Class that a classifier chose, and its probability. */
export interface Classified {
  label: string;
  confidence: number;
  tokens: number;
}

/** Everything one model returned, by case id. */
export interface ModelOutputs {
  generated: Map<string, Generated>;
  /** By case id, then by text. */
  likelihood: Map<string, Map<string, Likelihood>>;
  classified: Map<string, Classified>;
}
