import { LorafitError, listMistakes } from "../errors.ts";
import { RenderedChat, withoutGuards } from "../tokens/rendered.ts";
import type { Tokenizer } from "../tokens/tokenizer.ts";
import type { TrainingMessage, TrainingRow } from "./rows.ts";

/** What encoding needs of a tokenizer. */
export type ChatTokenizer = Pick<
  Tokenizer,
  "encode" | "decode" | "renderChat" | "answerMarkup" | "controlIn" | "endOfTurnIds" | "eosIds" | "bosId"
>;

/** A row as the model is trained on it. */
export interface EncodedRow {
  readonly id: string;
  readonly group: string;
  /** file:line */
  readonly where: string;
  /** The name of the shape that the row has in the file. */
  readonly shape: string;
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

/** A span of tokens that is trained on, or not. */
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
      encoded.push({ id: row.id, group: row.group, where, shape: row.shape, ...result });
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
  { content }: Pick<TrainingRow, "content">,
  tokenizer: ChatTokenizer,
  warn: (text: string) => void,
): TrainedSpan[] {
  return "text" in content
    ? textSegments(content, tokenizer)
    : chatSegments(content.messages, tokenizer, warn);
}

/**
 * A document between the tokens that begin and end one, as in pre-training, so that its first token is a target too.
 * @throws data error for a control token in the text: as plain text it would teach something else than its author meant
 */
function textSegments(
  { text, rendered }: { readonly text: string; readonly rendered?: true },
  tokenizer: ChatTokenizer,
): TrainedSpan[] {
  const control = rendered ? undefined : tokenizer.controlIn(text);
  if (control !== undefined) {
    throw new LorafitError(
      "data",
      `text: contains ${control}, a control token of the tokenizer; write a conversation as messages, or add "rendered": true if the text is one as the chat template writes it`,
    );
  }
  const end = tokenizer.eosIds[0]!;
  return [
    { ids: [tokenizer.bosId ?? end], trained: false },
    { ids: [...tokenizer.encode(rendered ? new RenderedChat(text) : text), end], trained: true },
  ];
}

/**
 * Each prompt as it is served, then what the model has to write after it. The ids of the whole text are those of the prompt
 * and some more; where the tokenizer merges across the boundary, prompt and answer are encoded apart, and a warning says so.
 */
function chatSegments(
  messages: readonly TrainingMessage[],
  tokenizer: ChatTokenizer,
  warn: (text: string) => void,
): TrainedSpan[] {
  const spans: TrainedSpan[] = [];
  const ids: number[] = [];
  let apart = false;
  const add = (markup: string, from: number, trained: boolean): void => {
    const whole = tokenizer.encode(new RenderedChat(markup));
    const agrees = ids.every((id, i) => id === whole[i]);
    apart ||= !agrees;
    const rest = agrees
      ? whole.slice(ids.length)
      : tokenizer.encode(new RenderedChat(markup.slice(from)), { continues: true });
    spans.push({ ids: rest, trained });
    for (const id of rest) ids.push(id);
  };
  let done = "";
  for (const [at, { role, content, trained }] of messages.entries()) {
    const control = tokenizer.controlIn(content);
    if (control !== undefined) warn(`messages[${at}]: contains ${control}, which is encoded as plain text`);
    if (role !== "assistant") continue;
    const { prompt, target, changed } = turnOf(messages, at, tokenizer);
    if (!prompt.startsWith(done)) throw rewritten(messages, at);
    if (changed) warn(`messages[${at}]: the chat template changes the answer's text`);
    add(prompt, done.length, false);
    add(prompt + target, prompt.length, trained !== false);
    done = prompt + target;
  }
  if (apart) warn("its text as a whole gives other tokens than prompt and answer apart, as they are served");
  return spans;
}

/** The prompt of an answer with its generation prompt, and what the model writes after it up to its end of turn. */
function turnOf(
  messages: readonly TrainingMessage[],
  at: number,
  tokenizer: ChatTokenizer,
): { prompt: string; target: string; changed: boolean } {
  const endOfTurn = tokenizer.decode(tokenizer.endOfTurnIds, { skipSpecial: false });
  const render = (count: number, addGenerationPrompt: boolean): string =>
    tokenizer.renderChat(messages.slice(0, count), { addGenerationPrompt }).markup;
  const prompt = render(at, true);
  const whole = render(at + 1, false);
  if (whole.startsWith(prompt)) {
    const end = whole.lastIndexOf(endOfTurn);
    const target =
      end < prompt.length
        ? whole.slice(prompt.length) + endOfTurn
        : whole.slice(prompt.length, end + endOfTurn.length);
    const changed = !withoutGuards(target).includes(messages[at]!.content.trim());
    return { prompt, target, changed };
  }
  const opened = openedBy(prompt, render(at, false));
  if (opened === undefined) throw rewritten(messages, at);
  const content = tokenizer.answerMarkup(messages[at]!.content.trimStart());
  if (!content.startsWith(opened.trimEnd())) {
    throw new LorafitError(
      "data",
      `messages[${at}]: the chat template's generation prompt opens the answer with ${JSON.stringify(opened)}, and this answer does not begin with it; begin the answer with ${opened.trim()}, or train on a template that does not`,
    );
  }
  const rest = content.slice(content.startsWith(opened) ? opened.length : opened.trimEnd().length);
  return { prompt, target: rest + endOfTurn, changed: false };
}

/** The tag, with the white space after it, by which the generation prompt opens an answer: `<think>\n`. */
function openedBy(prompt: string, before: string): string | undefined {
  if (!prompt.startsWith(before)) return undefined;
  return /<[a-z_]+>\s*$/.exec(prompt.slice(before.length))?.[0];
}

function rewritten(messages: readonly TrainingMessage[], at: number): LorafitError {
  const reasons = messages
    .slice(0, at)
    .some(({ role, content }) => role === "assistant" && /<\/\w+>/.test(content));
  const cause = reasons
    ? "the chat template removes the reasoning of earlier answers; give each answer that holds some a row of its own, as its last turn"
    : "the chat template rewrites earlier turns, so it cannot be trained as served";
  return new LorafitError("data", `messages[${at}]: ${cause}`);
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
