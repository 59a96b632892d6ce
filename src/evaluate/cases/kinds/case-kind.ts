import * as z from "zod";
import type { Task } from "../../../task/load.ts";
import type { Criterion, Decoding } from "../../../task/schema.ts";
import type { Answered } from "../../answers/answer-row.ts";
import type { EvaluatedModel } from "../../answers/model.ts";
import type { Context } from "../../checks/check.ts";
import type { Case, CaseBody } from "../case.ts";
import type { ModelOutputs } from "../model-outputs.ts";

/** A conversation to be answered, or a text to be classified. */
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
  /** Texts to be classified. */
  readonly texts: readonly Prompt[];
}

/** Input of one case, and its longest sequence in tokens, the answer included. */
export interface Question extends Questions {
  readonly longest: number;
}

/** What a contestant without a model searches for, and how the text that it finds is scored. */
export interface FoundAnswers<Body extends CaseBody> {
  questionOf(body: Body): string;
  score(item: Case<Body>, text: string, tokens: number, context: Context): Answered;
}

/**
 * Everything about the cases of one kind: their rows, what a model is asked, and how its outputs are scored. A kind is one module
 * in this folder and one entry in index.ts; a task kind names those that its packs may hold.
 */
export interface CaseKind<Body extends CaseBody = CaseBody> {
  /** Keys of its rows besides those that all cases share. */
  readonly row: z.ZodRawShape;
  /** True if a row is of this kind rather than of one that follows it in the list of the task kind. */
  claims(row: Readonly<Record<string, unknown>>): boolean;
  /** @param wrong receives what is wrong with parts that the schema does not check */
  bodyOf(row: Readonly<Record<string, unknown>>, task: Task, wrong: string[]): Body;
  /** What answers.jsonl shows as the question. */
  promptOf(body: Body): string;
  /** How a contestant answers that finds a text; absent where a case asks no question. */
  readonly lookup?: FoundAnswers<Body>;
  /** The right answer, where there is exactly one. */
  labelOf?(body: Body): string;
  /** Share of the cases that a guess passes; undefined where there is no such number. */
  chanceOf(body: Body): number | undefined;
  /** True if a criterion can score a case. */
  suits(criterion: Pick<Criterion, "scorer" | "style">, body: Body): boolean;
  questionOf(model: EvaluatedModel, item: Case<Body>, decoding: Decoding): Question;
  /** Scores one model's outputs. */
  score(item: Case<Body>, outputs: ModelOutputs, context: Context): Answered;
  /** True if the recorded scores are those of the recorded outputs, as far as they can be computed without the model. */
  isScored(item: Case<Body>, recorded: Answered, context: Context): boolean;
}

/** A text of a case. */
export const caseText = z.string().trim().min(1);
