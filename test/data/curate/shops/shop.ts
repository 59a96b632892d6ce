/** Planted kind of a row; `good` marks a sound row that resembles a defect. */
export type Planted = "conflict" | "out-of-scope" | "good";

/** A small shop that does not exist: its policy, its boundaries, its cases, and chats with what is planted in each. */
export interface Shop {
  readonly policy: readonly string[];
  readonly scope: { readonly inScope: readonly string[]; readonly outOfScope: readonly string[] };
  /** Questions of held-out cases, by whether a hand-over is expected. */
  readonly cases: { readonly answered: readonly string[]; readonly handedOver: readonly string[] };
  /** Customer, shop, and what is planted; rows without the third are ordinary and sound. */
  readonly chats: readonly (readonly [string, string, Planted?])[];
}
