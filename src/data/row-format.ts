import * as z from "zod";
import { asSeen } from "../formats/visible.ts";
import type { Message } from "../tokens/chat-template.ts";
import type { Tokenizer } from "../tokens/tokenizer.ts";
import { LONE_SURROGATE } from "../tokens/unicode.ts";

/** A line of a data file as an object. */
export type RawRow = Readonly<Record<string, unknown>>;

/** A row in lorafit's own shape, and the name of the shape that it has in the file. */
export interface Shaped {
  readonly shape: string;
  readonly raw: RawRow;
}

/** Reason why a row cannot be read, which names its format and the remedy. */
export interface Unreadable {
  readonly problem: string;
}

/** A turn of a training row; `trained: false` is an answer with weight 0, which is context only. */
export type TrainingMessage = Message & { readonly trained?: false };

/** One training row. A prompt with its completion is a conversation of two turns. */
export interface TrainingRow {
  /** The row's own `id`, or the hash of its content: independent of its place in the file. */
  readonly id: string;
  /** Rows of a group never part; alone, the id. */
  readonly group: string;
  readonly file: string;
  readonly line: number;
  readonly content:
    | { readonly messages: readonly TrainingMessage[] }
    /** `rendered`: a conversation as the chat template writes it, so its control tokens are recognised. */
    | { readonly text: string; readonly rendered?: true; readonly label?: string };
  /** The name of the shape that the row has in the file. */
  readonly shape: string;
  /** The row in lorafit's own shape, with every key that is not trained on. */
  readonly raw: RawRow;
}

/** The part of a tokenizer that encoding needs. */
export type RowTokenizer = Pick<
  Tokenizer,
  | "encode"
  | "encodeWhole"
  | "decode"
  | "renderChat"
  | "answerMarkup"
  | "controlIn"
  | "endOfTurnIds"
  | "eosIds"
  | "bosId"
>;

/** A row as tokens with their targets. */
export interface Encoding {
  readonly ids: readonly number[];
  /** What the model is to predict from each position: a token, a class, or -100 for nothing. */
  readonly targets: readonly number[];
  /** Tokens that were cut to fit. */
  readonly truncated: number;
  /** The targets in words, where they are no tokens: the name of the class. */
  readonly answer?: string;
}

/** A question of a training row with its answer, as a lookup finds it. */
export interface QuestionAnswer {
  readonly question: string;
  readonly answer: string;
}

/** Rows of one task kind: from a line of the file to content, and from content to tokens. */
export interface RowFormat {
  /** Converts a row of any shape that is read into lorafit's own. */
  shaped(raw: RawRow): Shaped | Unreadable;
  /** Content that is trained on, or the mistakes in a row of lorafit's own shape. */
  contentOf(raw: RawRow): TrainingRow["content"] | string;
  /** Side at which a row that is too long loses tokens. */
  readonly cutsAt: "front" | "end";
  /**
   * The tokens of a row, at most `maxLength`, as the model is served.
   * @throws data error for a row that cannot be trained as it is served, and where cutting would take a target
   */
  encode(
    row: Pick<TrainingRow, "content">,
    tokenizer: RowTokenizer,
    maxLength: number,
    warn: (text: string) => void,
  ): Encoding;
  questionsOf(row: Pick<TrainingRow, "content">): QuestionAnswer[];
  /** Factors of the rows' losses, from the rows that are trained on; absent: 1. */
  weigher?(rows: readonly TrainingRow[], warn: (text: string) => void): (row: TrainingRow) => number;
}

/** A text of a row that can be encoded. */
export const rowText = z
  .string()
  .refine((text) => asSeen(text) !== "", { error: "is empty" })
  .refine((text) => !LONE_SURROGATE.test(text), {
    error: "holds half of a surrogate pair, which is no character; repair the text where it was cut",
  })
  .refine((text) => !/[\0\ufdd0]/.test(text), {
    error: "holds U+0000 or U+FDD0, which are no characters of a text; remove them",
  });

/** The row as the schema gives it, or its mistakes in one line. */
export function parsedBy<Content>(schema: z.ZodType<Content>, raw: RawRow): Content | string {
  const parsed = schema.safeParse(raw);
  if (parsed.success) return parsed.data;
  return parsed.error.issues.map((issue) => `${pathOf(issue.path)}: ${issue.message}`).join("; ");
}

function pathOf(path: readonly PropertyKey[]): string {
  return path
    .map((key) => (typeof key === "number" ? `[${key}]` : `.${String(key)}`))
    .join("")
    .replace(/^\./, "");
}
