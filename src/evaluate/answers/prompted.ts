import type { PolicyRule } from "../../task/policy.ts";
import type { Message } from "../../tokens/chat-template.ts";
import type { Case } from "../cases/case.ts";
import { isChat } from "../cases/kinds/chat.ts";
import type { EvaluatedModel } from "./model.ts";

/** System message of the prompted base: the task's purpose and as many rules of the policy, in order, as fit. */
export interface PolicyPrompt {
  readonly system: string;
  /** Rules in it, and rules of the policy. */
  readonly rules: number;
  readonly of: number;
}

const systemText = (purpose: string, rules: readonly PolicyRule[]): string =>
  [purpose, "Answer by these rules:", ...rules.map(({ id, text }) => `${id} ${text}`)].join("\n");

/** The case's conversation with the policy first: before its own system message where it has one. */
function withPolicy(messages: readonly Message[], system: string): Message[] {
  const [first, ...rest] = messages;
  return first?.role === "system"
    ? [{ role: "system", content: `${system}\n\n${first.content}` }, ...rest]
    : [{ role: "system", content: system }, ...messages];
}

/** The chat cases with the policy in their system message. Ids, checks and hashes stay. */
export function promptedCases(cases: readonly Case[], { system }: PolicyPrompt): Case[] {
  return cases
    .filter(isChat)
    .map((item) => ({ ...item, body: { ...item.body, messages: withPolicy(item.body.messages, system) } }));
}

/**
 * The longest prompt with which every question and its answer fit the model's context; all questions get the same one.
 * @param tokensOf length in tokens of a case's longest row, its answer included
 * @returns why there is none: no chat case, a template without system messages, or no room for a single rule
 */
export function policyPrompt(
  model: Pick<EvaluatedModel, "config" | "tokenizer">,
  purpose: string,
  policy: readonly PolicyRule[],
  cases: readonly Case[],
  tokensOf: (item: Case) => number,
): PolicyPrompt | { readonly reason: string } {
  const chats = cases.filter(isChat);
  if (chats.length === 0) return { reason: "no case asks for an answer" };
  const longest = chats.reduce((most, item) => (tokensOf(item) > tokensOf(most) ? item : most));
  const promptWith = (rules: number): PolicyPrompt => ({
    system: systemText(purpose, policy.slice(0, rules)),
    rules,
    of: policy.length,
  });
  const fits = (rules: number) =>
    tokensOf(promptedCases([longest], promptWith(rules))[0]!) <= model.config.maxPositions;
  try {
    if (tokensOf(promptedCases([longest], promptWith(1))[0]!) === tokensOf(longest)) {
      return { reason: "the base's chat template leaves out system messages" };
    }
    if (!fits(1))
      return { reason: `the context of ${model.config.maxPositions} tokens has no room for a rule` };
  } catch (error) {
    return { reason: `the base's chat template takes no system message: ${(error as Error).message}` };
  }
  let [most, tooMany] = [1, policy.length + 1];
  while (tooMany - most > 1) {
    const middle = Math.floor((most + tooMany) / 2);
    if (fits(middle)) most = middle;
    else tooMany = middle;
  }
  return promptWith(most);
}
