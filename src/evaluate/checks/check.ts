import type * as z from "zod";
import type { Task } from "../../task/load.ts";

/** Parts of the task that checks refer to by name. */
export type Rules = Pick<Task, "style" | "wording" | "folder">;

/** One model's answer to one case. */
export interface Answer {
  /** Id of the case. */
  readonly id: string;
  readonly text: string;
  /** "length": the model reached max_new_tokens without ending its turn. */
  readonly finish?: "stop" | "length" | undefined;
  /** Preference score of each option of the case's choices: mean log-likelihood per token, or likeness to a looked-up answer. */
  readonly options: ReadonlyMap<string, number>;
  /** The case's row. */
  readonly row: Readonly<Record<string, unknown>>;
}

/** User function behind a `script` check. */
export type Script = (answer: string, row: Readonly<Record<string, unknown>>) => unknown;

/** Inputs of a judgement besides the answer. */
export interface Context {
  readonly rules: Rules;
  /** By file name, as in the check. */
  readonly scripts: ReadonlyMap<string, Script>;
  /** The same model's answers to each paraphrase group: group -> case id -> text. */
  readonly groups: ReadonlyMap<string, ReadonlyMap<string, string>>;
}

/** Outcome of one check. */
export interface Judgement {
  /** 0 to 1. */
  readonly score: number;
  readonly passed: boolean;
  /** Evidence in words, for a pass as for a failure: `says "60 days"`. */
  readonly reason: string;
}

/**
 * Evidence that a check needs. "part": a pass stays a pass however the answer continues. "whole": the rest of a cut-off answer could
 * turn a pass into a failure. "likelihood": preference between given texts; nothing is generated.
 */
export type Reads = "part" | "whole" | "likelihood";

/** One kind of check. */
export interface CheckKind<S extends z.ZodType> {
  readonly schema: S;
  /** Error that the schema cannot detect, such as a pattern that does not compile. */
  mistake?(value: z.output<S>, rules: Rules): string | undefined;
  reads(value: z.output<S>): Reads;
  judge(value: z.output<S>, answer: Answer, context: Context): Judgement;
}

/** Infers the value type of `mistake`, `reads` and `judge` from the schema. */
export const checkKind = <S extends z.ZodType>(kind: CheckKind<S>): CheckKind<S> => kind;

/** All-or-nothing judgement. */
export const judged = (passed: boolean, reason: string): Judgement => ({
  score: passed ? 1 : 0,
  passed,
  reason,
});
