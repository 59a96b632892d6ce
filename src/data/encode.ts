import { LorafitError, listMistakes } from "../errors.ts";
import type { Message, TrainingRow } from "./rows.ts";

/** What encoding needs of a tokenizer; src/tokens provides it. */
export interface ChatTokenizer {
  encode(text: string): number[];
  decode(ids: readonly number[], options: { readonly skipSpecial: boolean }): string;
  renderChat(messages: readonly Message[], options: { readonly addGenerationPrompt: boolean }): string;
  readonly endOfTurnIds: readonly number[];
  readonly eosIds: readonly number[];
  readonly bosId: number | undefined;
}

/** A row as the model is trained on it. */
export interface EncodedRow {
  readonly id: string;
  readonly group: string;
  /** file:line */
  readonly where: string;
  readonly ids: readonly number[];
  /** Unshifted: the id where the token is a target, else -100. */
  readonly labels: readonly number[];
  /** Number of targets; the first token of a row is never one. */
  readonly supervised: number;
  /** Tokens cut from the front to fit; none of them was a target. */
  readonly truncated: number;
}

export interface Encoded {
  readonly rows: EncodedRow[];
  /** One line each, with file:line. */
  readonly warnings: string[];
}

/** No target, as in transformers. */
export const IGNORED = -100;

/** A stretch of tokens that is trained on or not. */
export interface TrainedSpan {
  readonly ids: readonly number[];
  readonly trained: boolean;
}

/**
 * Encodes rows exactly as they are served: each prompt, rendered with the generation prompt, then each answer with its
 * end of turn; every answer is trained on. A `text` row is trained on whole, between bos (eos where there is none) and eos.
 * @param maxLength tokens of the longest row; a longer one loses its oldest tokens, as long as none of them is a target
 * @throws data error that lists every row that cannot be encoded
 */
export function encodeRows(
  rows: readonly TrainingRow[],
  tokenizer: ChatTokenizer,
  options: { readonly maxLength: number },
): Encoded {
  const warnings: string[] = [];
  const mistakes: string[] = [];
  const encoded: EncodedRow[] = [];
  for (const row of rows) {
    const where = `${row.file}:${row.line}`;
    try {
      const spans = spansOf(row, tokenizer, (text) => warnings.push(`${where}: ${text}`));
      const result = assemble(spans, options.maxLength);
      if (result.truncated > 0) {
        warnings.push(`${where}: ${result.truncated} tokens cut from its front to fit ${options.maxLength}`);
      }
      encoded.push({ id: row.id, group: row.group, where, ...result });
    } catch (error) {
      if (!LorafitError.is(error)) throw error;
      mistakes.push(`${where}: ${error.message}`);
    }
  }
  if (mistakes.length > 0) {
    throw new LorafitError("data", `rows cannot be encoded:\n${listMistakes(mistakes)}`, {
      hint: "shorten or correct these rows, or let `lorafit curate` drop them",
    });
  }
  return { rows: encoded, warnings };
}

/**
 * A row's tokens in order, whole.
 * @throws data error for a row that cannot be trained as it is served
 */
export function spansOf(
  { content }: TrainingRow,
  tokenizer: ChatTokenizer,
  warn: (text: string) => void,
): TrainedSpan[] {
  return "text" in content
    ? textSegments(content.text, tokenizer)
    : chatSegments(content.messages, tokenizer, warn);
}

/** A document stands between the tokens that begin and end one, as in pre-training, so that its first token is a target too. */
function textSegments(text: string, tokenizer: ChatTokenizer): TrainedSpan[] {
  const end = tokenizer.eosIds[0]!;
  return [
    { ids: [tokenizer.bosId ?? end], trained: false },
    { ids: [...tokenizer.encode(text), end], trained: true },
  ];
}

function chatSegments(
  messages: readonly Message[],
  tokenizer: ChatTokenizer,
  warn: (text: string) => void,
): TrainedSpan[] {
  const endOfTurn = tokenizer.decode(tokenizer.endOfTurnIds, { skipSpecial: false });
  const spans: TrainedSpan[] = [];
  let done = "";
  for (const [at, { role, content }] of messages.entries()) {
    if (content.includes(endOfTurn)) {
      throw new LorafitError("data", `messages[${at}]: contains ${endOfTurn}, which ends a turn`);
    }
    if (role !== "assistant") continue;
    const prompt = tokenizer.renderChat(messages.slice(0, at), { addGenerationPrompt: true });
    const whole = tokenizer.renderChat(messages.slice(0, at + 1), { addGenerationPrompt: false });
    if (!prompt.startsWith(done) || !whole.startsWith(prompt)) {
      throw new LorafitError(
        "data",
        `messages[${at}]: the chat template rewrites earlier turns, so it cannot be trained as served`,
      );
    }
    const end = whole.lastIndexOf(endOfTurn);
    const target =
      end < prompt.length
        ? whole.slice(prompt.length) + endOfTurn
        : whole.slice(prompt.length, end + endOfTurn.length);
    if (!target.includes(content.trim()))
      warn(`messages[${at}]: the chat template changes the answer's text`);
    spans.push({ ids: tokenizer.encode(prompt.slice(done.length)), trained: false });
    spans.push({ ids: tokenizer.encode(target), trained: true });
    done = prompt + target;
  }
  const together = tokenizer.encode(done);
  const apart = spans.flatMap(({ ids }) => ids);
  if (together.length !== apart.length || together.some((id, i) => id !== apart[i])) {
    warn("its text as a whole gives other tokens than prompt and answer apart, as they are served");
  }
  return spans;
}

function assemble(
  spans: readonly TrainedSpan[],
  maxLength: number,
): Pick<EncodedRow, "ids" | "labels" | "supervised" | "truncated"> {
  const ids = spans.flatMap((span) => span.ids);
  const labels = spans.flatMap((span) => (span.trained ? span.ids : span.ids.map(() => IGNORED)));
  const truncated = Math.max(0, ids.length - maxLength);
  const first = labels.findIndex((label) => label !== IGNORED);
  // The first token that is kept has no predecessor and cannot be a target.
  if (truncated > 0 && first <= truncated) {
    throw new LorafitError(
      "data",
      `is ${ids.length} tokens long; cutting it to ${maxLength} would remove tokens that are trained on`,
    );
  }
  const kept = labels.slice(truncated);
  const supervised = kept.slice(1).filter((label) => label !== IGNORED).length;
  if (supervised === 0) throw new LorafitError("data", "has no token to train on");
  return { ids: ids.slice(truncated), labels: kept, supervised, truncated };
}
