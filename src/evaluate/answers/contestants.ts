import type { Task } from "../../task/load.ts";
import type { PolicyRule } from "../../task/policy.ts";
import type { Case } from "../cases/case.ts";
import { answersByGroup } from "../cases/groups.ts";
import type { Questions } from "../cases/kinds/case-kind.ts";
import { caseKindOf } from "../cases/kinds/index.ts";
import { questionsOf, tokensOf, workOf } from "../cases/questions.ts";
import type { Script } from "../checks/check.ts";
import type { Answered } from "./answer-row.ts";
import type { Lookup } from "./lookup.ts";
import type { EvaluatedModel } from "./model.ts";
import { type PolicyPrompt, policyPrompt, promptedCases } from "./prompted.ts";

/** Longest that the prompted base may take unasked, in seconds. */
const UNASKED_SECONDS = 60;

/** Results of a contestant that finds answers, by case id. Cases without a found answer are missing. */
export function lookupResults(
  lookup: Lookup,
  cases: readonly Case[],
  task: Task,
  scripts: ReadonlyMap<string, Script>,
  countTokens: (text: string) => number,
): Map<string, Answered> {
  const found = cases.flatMap((item) => {
    const answer = lookup(item);
    return answer === undefined ? [] : [{ item, answer }];
  });
  const texts = new Map(found.map(({ item, answer }) => [item.id, answer.text]));
  const answeredCases = found.map(({ item }) => item);
  const context = {
    rules: task,
    scripts,
    groups: answersByGroup(answeredCases, (id) => texts.get(id)!),
  };
  return new Map(
    found.map(({ item, answer: { text, source } }) => {
      const scored = caseKindOf(item).lookup!.score(item, text, countTokens(text), context);
      return [item.id, source === undefined ? scored : { ...scored, source }];
    }),
  );
}

/** The prompted base's cases and input. */
export interface PromptedInput {
  readonly prompt: PolicyPrompt;
  readonly cases: readonly Case[];
  readonly questions: Questions;
}

/**
 * Prepares the prompted base, or says why it is left out.
 * @param asked true: the rules are cut to the context, and time does not count. False: it must fit whole and within a minute.
 * @param secondsPerToken pace of the same model on the same cases
 */
export function preparePrompted(
  model: EvaluatedModel,
  task: Task,
  policy: readonly PolicyRule[],
  cases: readonly Case[],
  asked: boolean,
  secondsPerToken: number,
): PromptedInput | { readonly reason: string } {
  const { decoding } = task;
  const prompt = policyPrompt(model, task.purpose, policy, cases, (item) => tokensOf(model, item, decoding));
  if ("reason" in prompt) return prompt;
  if (!asked && prompt.rules < prompt.of) {
    return { reason: `only ${prompt.rules} of the policy's ${prompt.of} rules fit the base's context` };
  }
  const prompted = promptedCases(cases, prompt);
  const questions = questionsOf(model, prompted, decoding);
  const seconds = workOf(questions, decoding) * secondsPerToken;
  if (!asked && seconds > UNASKED_SECONDS) {
    return { reason: `it would take about ${Math.ceil(seconds / 60)} minutes` };
  }
  return { prompt, cases: prompted, questions };
}
