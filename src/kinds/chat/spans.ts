import { IGNORED } from "../../data/encode.ts";
import type { Encoding, RowTokenizer, TrainingMessage, TrainingRow } from "../../data/row-format.ts";
import { LorafitError } from "../../errors.ts";
import { RenderedChat, withoutGuards } from "../../tokens/rendered.ts";

/** A span of tokens that is trained on, or not. */
interface TrainedSpan {
  readonly ids: readonly number[];
  readonly trained: boolean;
}

/**
 * The tokens of a row, each a target where it is trained on. A row that is too long loses its oldest tokens, as long as none of
 * them is trained on.
 * @throws as spansOf; data error where cutting would take a target
 */
export function encode(
  row: Pick<TrainingRow, "content">,
  tokenizer: RowTokenizer,
  maxLength: number,
  warn: (text: string) => void,
): Encoding {
  const spans = spansOf(row, tokenizer, warn);
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
  return { ids: ids.slice(truncated), targets: [...labels.slice(truncated + 1), IGNORED], truncated };
}

/**
 * All tokens of a row, in order, as they are served: each prompt, rendered with the generation prompt, then each answer with
 * its end of turn. Every answer is trained on. A `text` row is trained on whole, between bos (eos where there is none) and eos.
 * @throws data error for a row whose training text would differ from what is served
 */
export function spansOf(
  { content }: Pick<TrainingRow, "content">,
  tokenizer: RowTokenizer,
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
  tokenizer: RowTokenizer,
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
 * Each prompt as it is served, then the text that the model has to generate. The ids of the whole text begin with those of the prompt; where the tokenizer merges across the boundary, prompt and answer are encoded apart, and a warning says so.
 */
function chatSegments(
  messages: readonly TrainingMessage[],
  tokenizer: RowTokenizer,
  warn: (text: string) => void,
): TrainedSpan[] {
  const spans: TrainedSpan[] = [];
  const ids: number[] = [];
  let apart = false;
  const add = (markup: string, from: number, trained: boolean): void => {
    const rest = idsAfter(tokenizer, ids, markup, from);
    apart ||= !rest.agrees;
    spans.push({ ids: rest.ids, trained });
    for (const id of rest.ids) ids.push(id);
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

/**
 * Ids of the markup from `from` on, where `before` are those of its beginning: the rest of the whole text's ids, as the model sees them.
 * `agrees` is false where the whole text has other ids at its beginning; then the rest is encoded by itself.
 */
export function idsAfter(
  tokenizer: Pick<RowTokenizer, "encode">,
  before: readonly number[],
  markup: string,
  from: number,
): { readonly ids: number[]; readonly agrees: boolean } {
  const whole = tokenizer.encode(new RenderedChat(markup));
  const agrees = before.every((id, i) => id === whole[i]);
  const ids = agrees
    ? whole.slice(before.length)
    : tokenizer.encode(new RenderedChat(markup.slice(from)), { continues: true });
  return { ids, agrees };
}

/** The prompt of an answer with its generation prompt, and what the model writes after it up to its end of turn. */
function turnOf(
  messages: readonly TrainingMessage[],
  at: number,
  tokenizer: RowTokenizer,
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
    ? "the chat template removes the reasoning of earlier answers; put each answer that has reasoning into a separate row, as the last turn"
    : "the chat template rewrites earlier turns, so it cannot be trained as served";
  return new LorafitError("data", `messages[${at}]: ${cause}`);
}
