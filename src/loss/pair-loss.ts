import { familyOf } from "../model/families/index.ts";
import type { AppendLoss } from "./token-loss.ts";

/** Cosines are divided by it. */
const TEMPERATURE = 0.05;

/**
 * InfoNCE of texts that belong together: the first half of the rows are queries, the second their passages in the same order. Texts
 * are pooled by the mean over their tokens after the final norm.
 */
export const appendPairLoss: AppendLoss = (b, { config, hidden, segments }) => {
  const x = familyOf(config).finalNorm(b, config, hidden);
  const { lossSum, correct } = b.node("contrastive", { x, segments }, { temperature: TEMPERATURE });
  return { lossSum, correct };
};
