import { LorafitError, listMistakes } from "../../errors.ts";
import type { Decoding } from "../../task/schema.ts";
import { RenderedChat } from "../../tokens/rendered.ts";
import type { EvaluatedModel } from "../answers/model.ts";
import { type Case, type CaseBody, needsText } from "./case.ts";

/** A conversation to be answered. */
export interface Prompt {
  readonly id: string;
  readonly ids: number[];
}

/** A text of which the tokens from `from` on are scored. */
export interface ScoredRow {
  readonly id: string;
  readonly text: string;
  readonly row: { readonly ids: number[]; readonly from: number };
  /** Length of the scored text in bytes of UTF-8. */
  readonly bytes: number;
}

/** Input of a model, shortest first. Base and tuned get the same token ids in the same order and batches. */
export interface Questions {
  readonly prompts: readonly Prompt[];
  /** Several rows of one case share its id: options of a choice, or the two sides of a pair. */
  readonly rows: readonly ScoredRow[];
}

/** Texts of a case's choices. */
export const optionsOf = (body: CaseBody): string[] =>
  body.kind === "chat"
    ? body.checks.flatMap((check) => (check.kind === "choice" ? [check.value.good, ...check.value.bad] : []))
    : [];

/** Input of one case, and its longest sequence in tokens, the answer included. */
function questionOf(model: EvaluatedModel, item: Case, decoding: Decoding) {
  const { tokenizer, config } = model;
  const { id, body } = item;
  if (body.kind === "chat") {
    const prompt = tokenizer.encode(tokenizer.renderChat(body.messages, { addGenerationPrompt: true }));
    const rows = [...new Set(optionsOf(body))].map((text): ScoredRow => {
      const ids = [...prompt, ...tokenizer.encode(text)];
      return { id, text, row: { ids, from: prompt.length }, bytes: Buffer.byteLength(text) };
    });
    const prompts = needsText(item) ? [{ id, ids: prompt }] : [];
    const answered = prompts.map(({ ids }) => ids.length + decoding.max_new_tokens);
    return { prompts, rows, longest: Math.max(0, ...answered, ...rows.map(({ row }) => row.ids.length)) };
  }
  // The first token needs a predecessor to be predicted: as in lm-evaluation-harness, BOS or else EOS.
  const prefix = [config.bosId ?? config.eosIds?.[0] ?? []].flat();
  const rows = [...new Set(body.kind === "text" ? [body.text] : [body.good, body.bad])].map(
    (text): ScoredRow => {
      const isRendered = body.kind === "text" && body.rendered === true;
      const all = [...prefix, ...tokenizer.encode(isRendered ? new RenderedChat(text) : text)];
      // A text is compared with itself, so its beginning is enough; a pair must be whole.
      const ids = body.kind === "text" ? all.slice(0, config.maxPositions) : all;
      const read =
        ids.length < all.length ? tokenizer.decode(ids.slice(prefix.length), { skipSpecial: false }) : text;
      return { id, text, row: { ids, from: 1 }, bytes: Buffer.byteLength(read) };
    },
  );
  return { prompts: [], rows, longest: Math.max(...rows.map(({ row }) => row.ids.length)) };
}

/** Longest sequence of a case in tokens, its answer included. */
export const tokensOf = (model: EvaluatedModel, item: Case, decoding: Decoding): number =>
  questionOf(model, item, decoding).longest;

/** @throws data error that lists the cases which do not fit the model's context */
export function questionsOf(model: EvaluatedModel, cases: readonly Case[], decoding: Decoding): Questions {
  const { maxPositions } = model.config;
  const prompts: Prompt[] = [];
  const rows: ScoredRow[] = [];
  const tooLong: string[] = [];
  for (const item of cases) {
    const question = questionOf(model, item, decoding);
    prompts.push(...question.prompts);
    rows.push(...question.rows);
    if (question.longest > maxPositions) {
      tooLong.push(
        `${item.where}: ${question.longest} tokens with the answer, the model's context holds ${maxPositions}`,
      );
    }
  }
  const empty = rows.filter(({ row }) => row.ids.length <= row.from).map(({ id }) => id);
  if (tooLong.length > 0 || empty.length > 0) {
    const lines = [...tooLong, ...empty.map((id) => `${id}: has no token to predict`)];
    throw new LorafitError("data", `cases do not fit the model:\n${listMistakes(lines)}`, {
      hint: "shorten the cases, or lower decoding.max_new_tokens",
    });
  }
  prompts.sort((a, b) => a.ids.length - b.ids.length);
  rows.sort((a, b) => a.row.ids.length - b.row.ids.length);
  return { prompts, rows };
}

/** Tokens that answering takes: prompts, answers at their longest, and scored rows. */
export const workOf = ({ prompts, rows }: Questions, { max_new_tokens }: Decoding): number =>
  prompts.reduce((total, { ids }) => total + ids.length + max_new_tokens, 0) +
  rows.reduce((total, { row }) => total + row.ids.length, 0);
