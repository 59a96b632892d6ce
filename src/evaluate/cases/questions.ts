import { LorafitError, listMistakes } from "../../errors.ts";
import type { Decoding } from "../../task/schema.ts";
import type { EvaluatedModel } from "../answers/model.ts";
import type { Case } from "./case.ts";
import type { Prompt, Questions, ScoredRow } from "./kinds/case-kind.ts";
import { caseKindOf } from "./kinds/index.ts";

/** Longest sequence of a case in tokens, its answer included. */
export const tokensOf = (model: EvaluatedModel, item: Case, decoding: Decoding): number =>
  caseKindOf(item).questionOf(model, item, decoding).longest;

/** @throws data error that lists the cases which do not fit the model's context */
export function questionsOf(model: EvaluatedModel, cases: readonly Case[], decoding: Decoding): Questions {
  const { maxPositions } = model.config;
  const prompts: Prompt[] = [];
  const rows: ScoredRow[] = [];
  const texts: Prompt[] = [];
  const tooLong: string[] = [];
  for (const item of cases) {
    const question = caseKindOf(item).questionOf(model, item, decoding);
    prompts.push(...question.prompts);
    rows.push(...question.rows);
    texts.push(...question.texts);
    if (question.longest > maxPositions) {
      tooLong.push(
        `${item.where}: ${question.longest} tokens with the answer, the model's context holds ${maxPositions}`,
      );
    }
  }
  const empty = [
    ...rows.filter(({ row }) => row.ids.length <= row.from),
    ...texts.filter(({ ids }) => ids.length === 0),
  ].map(({ id }) => id);
  if (tooLong.length > 0 || empty.length > 0) {
    const lines = [...tooLong, ...empty.map((id) => `${id}: has no token`)];
    throw new LorafitError("data", `cases do not fit the model:\n${listMistakes(lines)}`, {
      hint: "shorten the cases, or lower decoding.max_new_tokens",
    });
  }
  prompts.sort((a, b) => a.ids.length - b.ids.length);
  rows.sort((a, b) => a.row.ids.length - b.row.ids.length);
  texts.sort((a, b) => a.ids.length - b.ids.length);
  return { prompts, rows, texts };
}

/** Tokens that answering takes: prompts, answers at their longest, scored rows and texts. */
export const workOf = ({ prompts, rows, texts }: Questions, { max_new_tokens }: Decoding): number =>
  prompts.reduce((total, { ids }) => total + ids.length + max_new_tokens, 0) +
  rows.reduce((total, { row }) => total + row.ids.length, 0) +
  texts.reduce((total, { ids }) => total + ids.length, 0);
