import * as z from "zod";
import { warn } from "../../../errors.ts";
import { RenderedChat } from "../../../tokens/rendered.ts";
import type { EvaluatedModel } from "../../answers/model.ts";
import { preferenceOf } from "../../checks/choice.ts";
import type { CaseBody } from "../case.ts";
import { type CaseKind, caseText, type Question, type ScoredRow } from "./case-kind.ts";

/** A text to predict. */
export interface TextBody extends CaseBody {
  readonly kind: "text";
  readonly text: string;
  /** The text is a conversation as the chat template writes it, so its control tokens are recognised. */
  readonly rendered?: true;
}

/** A preference between two texts. */
export interface PairBody extends CaseBody {
  readonly kind: "pair";
  readonly good: string;
  readonly bad: string;
}

export const textCase: CaseKind<TextBody> = {
  row: { text: caseText, rendered: z.boolean().optional() },
  claims: (row) => "text" in row,
  bodyOf: ({ text, rendered }) => ({
    kind: "text",
    text: text as string,
    ...(rendered === true && { rendered: true }),
  }),
  promptOf: ({ text }) => text,
  chanceOf: () => undefined,
  suits: ({ scorer, style }) => style === undefined && scorer === "cross-entropy",
  questionOf: (model, { id, body: { text, rendered } }) =>
    // A text is compared with itself, so its beginning is enough.
    scoredTexts(model, id, [text], { rendered: rendered === true, mayBeCut: true }),
  score({ id, body }, outputs) {
    const { sum, count, bytes } = outputs.likelihood.get(id)!.get(body.text)!;
    return { score: -sum / count, bits_per_byte: -sum / Math.LN2 / bytes, tokens: count };
  },
  isScored: () => true,
};

export const pairCase: CaseKind<PairBody> = {
  row: { good: caseText, bad: caseText },
  claims: () => true,
  bodyOf: ({ good, bad }) => ({ kind: "pair", good: good as string, bad: bad as string }),
  promptOf: ({ good }) => good,
  chanceOf: () => 0.5,
  suits: ({ scorer, style }) => style === undefined && scorer === "minimal-pairs",
  questionOf: (model, { id, body: { good, bad } }) =>
    scoredTexts(model, id, [...new Set([good, bad])], { rendered: false, mayBeCut: false }),
  score({ id, body: { good, bad } }, outputs) {
    const texts = [...outputs.likelihood.get(id)!];
    // Whole sentences of nearly equal length: their sums are compared, as BLiMP does.
    const sums = new Map(texts.map(([text, { sum }]) => [text, sum]));
    return {
      preferences: [preferenceOf(sums)],
      score: sums.get(good)! > sums.get(bad)! ? 1 : 0,
      tokens: texts.reduce((total, [, { count }]) => total + count, 0),
    };
  },
  isScored: ({ body }, { score, preferences }) =>
    score === 0 || (score === 1 && preferences?.[0]?.preferred === body.good),
};

function scoredTexts(
  { tokenizer, config }: EvaluatedModel,
  id: string,
  texts: readonly string[],
  { rendered, mayBeCut }: { readonly rendered: boolean; readonly mayBeCut: boolean },
): Question {
  // The first token needs a predecessor to be predicted: as in lm-evaluation-harness, BOS or else EOS.
  const prefix = [config.bosId ?? config.eosIds?.[0] ?? []].flat();
  const rows = texts.map((text): ScoredRow => {
    const control = rendered ? undefined : tokenizer.controlIn(text);
    if (control !== undefined) {
      warn(
        `case ${id}: contains ${control}, which is encoded as plain text; "rendered": true reads it as a token`,
      );
    }
    const all = [...prefix, ...tokenizer.encode(rendered ? new RenderedChat(text) : text)];
    const ids = mayBeCut ? all.slice(0, config.maxPositions) : all;
    const read =
      ids.length < all.length ? tokenizer.decode(ids.slice(prefix.length), { skipSpecial: false }) : text;
    return { id, text, row: { ids, from: 1 }, bytes: Buffer.byteLength(read) };
  });
  return { prompts: [], rows, texts: [], longest: Math.max(...rows.map(({ row }) => row.ids.length)) };
}
