import { mean } from "simple-statistics";
import * as z from "zod";
import { idsAfter } from "../../../kinds/chat/spans.ts";
import type { Task } from "../../../task/load.ts";
import type { Message } from "../../../tokens/chat-template.ts";
import { defectOf } from "../../answers/answer-defect.ts";
import type { Answered } from "../../answers/answer-row.ts";
import type { Context } from "../../checks/check.ts";
import { preferenceOf } from "../../checks/choice.ts";
import { handsOverBy } from "../../checks/conduct.ts";
import { type Check, judgeCheck, parseCheck, readsText } from "../../checks/index.ts";
import { chrf } from "../../metrics/chrf.ts";
import type { Case, CaseBody } from "../case.ts";
import type { Generated } from "../model-outputs.ts";
import { type CaseKind, caseText, type ScoredRow } from "./case-kind.ts";

/** A conversation to answer, and what is asked of the answer. */
export interface ChatBody extends CaseBody {
  readonly kind: "chat";
  readonly messages: readonly Message[];
  readonly checks: readonly Check[];
}

export const isChat = (item: Case): item is Case<ChatBody> => item.body.kind === "chat";

/** True if the model must generate an answer to the case. */
const needsText = ({ checks }: ChatBody): boolean => checks.some(readsText);

const message = z.strictObject({ role: z.enum(["system", "user", "assistant"]), content: caseText });

export const chatCase: CaseKind<ChatBody> = {
  row: {
    messages: z
      .array(message)
      .min(1)
      .refine((messages) => messages.at(-1)?.role === "user", { error: "must end with the user's message" }),
    checks: z.array(z.unknown()).min(1),
  },
  claims: (row) => "messages" in row || "checks" in row,
  bodyOf: ({ messages, checks }, task, wrong) => ({
    kind: "chat",
    messages: messages as readonly Message[],
    checks: Array.isArray(checks) ? parseChecks(checks, task, wrong) : [],
  }),
  promptOf: ({ messages }) => messages.at(-1)!.content,
  chanceOf: ({ checks: [check, ...others] }) =>
    others.length === 0 && check?.kind === "choice" ? 1 / (1 + check.value.bad.length) : undefined,
  suits({ scorer, style }, body) {
    if (style !== undefined || scorer === "no-hand-over") return needsText(body);
    return scorer === "checks" || body.checks.some(({ kind }) => kind === scorer);
  },
  questionOf({ tokenizer }, { id, body }, decoding) {
    const chat = tokenizer.renderChat(body.messages, { addGenerationPrompt: true });
    const markup = typeof chat === "string" ? chat : chat.markup;
    const prompt = tokenizer.encode(chat);
    const rows = [...new Set(optionsOf(body))].map((text): ScoredRow => {
      const option = tokenizer.answerMarkup(text);
      const ids = [...prompt, ...idsAfter(tokenizer, prompt, markup + option, markup.length).ids];
      return { id, text, row: { ids, from: prompt.length }, bytes: Buffer.byteLength(text) };
    });
    const prompts = needsText(body) ? [{ id, ids: prompt }] : [];
    const answered = prompts.map(({ ids }) => ids.length + decoding.max_new_tokens);
    const longest = Math.max(0, ...answered, ...rows.map(({ row }) => row.ids.length));
    return { prompts, rows, texts: [], longest };
  },
  score(item, outputs, context) {
    const texts = [...(outputs.likelihood.get(item.id) ?? [])];
    const perToken = new Map(texts.map(([text, { sum, count }]) => [text, sum / count]));
    const tokens = texts.reduce((total, [, { count }]) => total + count, 0);
    return scoreAnswer(item, outputs.generated.get(item.id), perToken, tokens, context);
  },
  lookup: {
    questionOf: ({ messages }) => messages.at(-1)!.content,
    score(item, text, tokens, context) {
      const generated: Generated = { text, tokens, finish: "stop" };
      return scoreAnswer(item, generated, likenessTo(text, optionsOf(item.body)), 0, context);
    },
  },
  isScored,
};

function parseChecks(entries: readonly unknown[], task: Task, wrong: string[]): Check[] {
  return entries.flatMap((entry, i) => {
    const check = parseCheck(entry, task);
    if ("kind" in check) return [check];
    wrong.push(...check.problems.map((problem) => `checks[${i}]: ${problem}`));
    return [];
  });
}

/** Texts of a case's choices. */
const optionsOf = ({ checks }: ChatBody): string[] =>
  checks.flatMap((check) => (check.kind === "choice" ? [check.value.good, ...check.value.bad] : []));

/**
 * Preference scores for the options of a choice, where a lookup has no likelihood: chrF of each option against the found answer.
 * docs/scoring.md has what it measures on cases that the rows cannot answer: chance.
 */
export const likenessTo = (answer: string, options: Iterable<string>): Map<string, number> =>
  new Map([...options].map((option) => [option, chrf(option, answer)]));

/** Mean score of each kind of check. */
function meanScores(scores: readonly (readonly [string, number])[]): Record<string, number> {
  const kinds = [...new Set(scores.map(([kind]) => kind))];
  return Object.fromEntries(
    kinds.map((kind) => [kind, mean(scores.flatMap(([name, score]) => (name === kind ? [score] : [])))]),
  );
}

/**
 * Scores a case by its checks.
 * @param options preference score of each text of the case's choices
 * @param scored tokens whose likelihood was computed; reported where nothing was generated
 */
function scoreAnswer(
  { id, body: { checks }, row }: Case<ChatBody>,
  generated: Generated | undefined,
  options: ReadonlyMap<string, number>,
  scored: number,
  context: Context,
): Answered {
  const text = generated?.text ?? "";
  const results = checks.map((check) => ({
    kind: check.kind,
    ...judgeCheck(check, { id, text, finish: generated?.finish, options, row }, context),
  }));
  const reasons = (passed: boolean) =>
    results.filter((result) => result.passed === passed).map(({ reason }) => reason);
  const [passed, failed] = [reasons(true), [...new Set(reasons(false))]];
  const preferences = checks.flatMap((check) => {
    if (check.kind !== "choice") return [];
    const own = [check.value.good, ...check.value.bad];
    return [preferenceOf(new Map(own.map((option) => [option, options.get(option)!])))];
  });
  return {
    ...(generated && { output: text }),
    ...(preferences.length > 0 && { preferences }),
    score: failed.length === 0 ? 1 : 0,
    scores: {
      ...meanScores(results.map(({ kind, score }) => [kind, score])),
      ...(generated && { "no-hand-over": keepsTheCustomer(generated, context) ? 1 : 0 }),
    },
    tokens: generated?.tokens ?? scored,
    ...(generated && { finish: generated.finish }),
    ...(passed.length > 0 && { passed }),
    ...(failed.length > 0 && { failed }),
  };
}

/** True if a complete answer does not hand over. */
const keepsTheCustomer = ({ text, finish }: Generated, { rules }: Context): boolean =>
  finish === "stop" && defectOf(text) === undefined && !handsOverBy(text, rules.wording.hands_over);

/** Checks on the text are judged again; of choices the recorded preference is compared with the score. */
function isScored(item: Case<ChatBody>, recorded: Answered, context: Context): boolean {
  const { body } = item;
  const preferred = recorded.preferences?.map((preference) => preference.preferred) ?? [];
  const choices = body.checks.flatMap((check) => (check.kind === "choice" ? [check.value.good] : []));
  const chosen = recorded.scores?.["choice"] ?? 1;
  // Equal likelihoods fail whichever text is listed first.
  if (chosen === 1 && choices.some((good, i) => preferred[i] !== good)) return false;
  const checks = body.checks.filter(readsText);
  const passes = (text: boolean): boolean => recorded.score === (text && chosen === 1 ? 1 : 0);
  if (recorded.output === undefined) return checks.length === 0 && passes(true);
  const generated = {
    text: recorded.output,
    tokens: recorded.tokens,
    finish: recorded.finish ?? "stop",
  };
  const again = scoreAnswer({ ...item, body: { ...body, checks } }, generated, new Map(), 0, context);
  const scores = Object.entries(again.scores ?? {});
  return (
    passes(again.score === 1) &&
    scores.every(([kind, score]) => recorded.scores?.[kind] === score) &&
    (again.failed ?? []).every((reason) => recorded.failed?.includes(reason))
  );
}
