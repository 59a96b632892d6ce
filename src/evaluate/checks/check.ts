import type * as z from "zod";
import type { Task } from "../../task/load.ts";

/** What checks refer to by name: parts of the task. */
export type Rules = Pick<Task, "style" | "wording" | "folder">;

/** What one model said to one case. */
export interface Answer {
  /** Of the case. */
  readonly id: string;
  readonly text: string;
  /** Mean log-likelihood per token of each option of the case's choices. */
  readonly options: ReadonlyMap<string, number>;
  /** The case's row. */
  readonly row: Readonly<Record<string, unknown>>;
}

/** A user's own function, by which a `script` check judges. */
export type Script = (answer: string, row: Readonly<Record<string, unknown>>) => unknown;

/** What judging needs beside the answer. */
export interface Context {
  readonly rules: Rules;
  /** By the file's name in the check. */
  readonly scripts: ReadonlyMap<string, Script>;
  /** What the same model answered to the cases of each paraphrase group: group -> case id -> text. */
  readonly groups: ReadonlyMap<string, ReadonlyMap<string, string>>;
}

/** A score in [0, 1], and why the check fails; it passes when there is no such reason. */
export interface Judgement {
  readonly score: number;
  readonly failure?: string;
}

/** One kind of check. */
export interface CheckKind<S extends z.ZodType> {
  readonly schema: S;
  /** What the schema cannot see, such as a pattern that does not compile. */
  mistake?(value: z.output<S>, rules: Rules): string | undefined;
  judge(value: z.output<S>, answer: Answer, context: Context): Judgement;
}

/** Gives `mistake` and `judge` the type of their schema. */
export const checkKind = <S extends z.ZodType>(kind: CheckKind<S>): CheckKind<S> => kind;

/** All or nothing: 1 without a failure, else 0. */
export const passUnless = (failure: string | undefined): Judgement =>
  failure === undefined ? { score: 1 } : { score: 0, failure };
