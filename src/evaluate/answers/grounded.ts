import { ground } from "../../grounding/ground.ts";
import type { GroundingIndex } from "../../grounding/grounding-index.ts";
import type { Decoding } from "../../task/schema.ts";
import type { Case } from "../cases/case.ts";
import { isChat } from "../cases/kinds/chat.ts";
import { tokensOf } from "../cases/questions.ts";
import type { EvaluatedModel } from "./model.ts";

/**
 * The cases with the passages of their questions in the prompts of chat cases, as they are served. Ids, checks and hashes stay.
 * @returns `dropped`: cases that have fewer passages, because the prompt with its answer must fit the model's context
 */
export function groundedCases(
  model: EvaluatedModel,
  cases: readonly Case[],
  index: GroundingIndex,
  decoding: Decoding,
): { cases: Case[]; dropped: number } {
  let dropped = 0;
  const grounded = cases.map((item): Case => {
    if (!isChat(item)) return item;
    const withMessages = (messages: typeof item.body.messages) => ({
      ...item,
      body: { ...item.body, messages },
    });
    const result = ground(item.body.messages, index, {
      fits: (messages) => tokensOf(model, withMessages(messages), decoding) <= model.config.maxPositions,
    });
    if (result.dropped > 0) dropped++;
    return withMessages(result.messages);
  });
  return { cases: grounded, dropped };
}
