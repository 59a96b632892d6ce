import { LorafitError } from "../errors.ts";
import type { AddedToken } from "./added-tokens.ts";
import { type TokenizerFiles, templateText, tokenText } from "./files.ts";
import { GUARD, RenderedChat } from "./rendered.ts";
import { compileTemplate } from "./template/budget.ts";
import { formatPromptDate } from "./template/date.ts";
import { Trie } from "./trie.ts";

/** One turn of a conversation. */
export interface Message {
  readonly role: "system" | "user" | "assistant";
  readonly content: string;
}

export type RenderChat = (
  messages: readonly Message[],
  options: { readonly addGenerationPrompt: boolean },
) => RenderedChat;

export interface ChatTemplate {
  readonly renderChat: RenderChat;
  /** An answer's content as rendered within a conversation, with its control tokens marked as plain text. */
  answerMarkup(content: string): string;
}

type Render = (messages: readonly Message[], addGenerationPrompt: boolean) => string;

/** The special tokens that transformers hands to a template under their own names. */
const TOKEN_KEYS = [
  "bos_token",
  "eos_token",
  "unk_token",
  "sep_token",
  "pad_token",
  "cls_token",
  "mask_token",
];

/**
 * Compiles the model's chat template. It gets what transformers gives it: the messages, add_generation_prompt, the special
 * tokens and, for strftime_now, a function whose day is fixed: jinja's own gives today's. Control tokens within a message's content are marked as plain text. A model
 * without a template renders nothing.
 * @throws data error when the template cannot be parsed
 */
export function compileChatTemplate(files: TokenizerFiles, added: readonly AddedToken[]): ChatTemplate {
  const text = templateText(files);
  if (text === undefined) {
    const refuse = (): never => {
      throw new LorafitError("data", "this model has no chat template", {
        hint: "use rows with `text`, or a base that was trained for chat",
      });
    };
    return { renderChat: refuse, answerMarkup: refuse };
  }
  const tokens = Object.fromEntries(
    TOKEN_KEYS.map((key) => [key, tokenText(files.tokenizerConfig[key])]).filter(
      ([, value]) => value !== undefined,
    ),
  );
  const template = attempt("cannot be parsed", () =>
    compileTemplate(text.replaceAll("strftime_now", "prompt_date")),
  );
  const render: Render = (messages, addGenerationPrompt) =>
    template({
      messages: messages.map(({ role, content }) => ({ role, content })),
      add_generation_prompt: addGenerationPrompt,
      prompt_date: formatPromptDate,
      ...tokens,
    });
  const guard = contentGuard(markupOf(render), added);
  return {
    renderChat: (messages, { addGenerationPrompt }) => {
      const guarded = messages.map(({ role, content }, at) => ({ role, content: guard(role, content, at) }));
      return new RenderedChat(
        attempt("refuses the conversation", () => render(guarded, addGenerationPrompt)),
      );
    },
    answerMarkup: (content) => guard("assistant", content, 0),
  };
}

function attempt<T>(what: string, work: () => T): T {
  try {
    return work();
  } catch (cause) {
    if (LorafitError.is(cause)) throw cause;
    throw new LorafitError("data", `the chat template ${what}: ${(cause as Error).message}`, {
      hint: "see chat_template in the model's tokenizer_config.json",
      cause,
    });
  }
}

const SENTINEL = "zQz";

/** Text that the template adds around a conversation's contents; empty when it refuses even the simplest one. */
function markupOf(render: Render): string {
  const turn = (role: Message["role"]): Message => ({ role, content: SENTINEL });
  const chat = [turn("user"), turn("assistant"), turn("user")];
  for (const messages of [[turn("system"), ...chat], chat]) {
    try {
      return render(messages, true).replaceAll(SENTINEL, "\n");
    } catch (error) {
      // Some templates know no system turn.
      if (LorafitError.is(error)) throw error;
    }
  }
  return "";
}

/** Marks that are ordinary text to the tokenizer: [INST], <<SYS>>, <|user|>, "### Response:". */
const TEXT_MARKS = /<<\/?[A-Z_]+>>|\[\/?[A-Z_]+\]|<[|｜][^|｜<>\n]+[|｜]>|^#{2,} ?[A-Z]\w*:/gm;
/** A tag such as <think>, which an answer may hold by right. */
const TAG = /^<\/?[a-z_]+>$/;

/**
 * Marks the control tokens of a message's content, which are the tokenizer's special tokens and those added tokens that the
 * template writes itself. A mark of the template that is no token cannot be told from the user's text, so it is refused.
 */
function contentGuard(
  markup: string,
  added: readonly AddedToken[],
): (role: Message["role"], content: string, at: number) => string {
  const control = added.filter(({ content, special }) => special || markup.includes(content));
  const tokens = control.map(({ content }) => content);
  const ofAnswers = control.filter(({ content, special }) => special || !TAG.test(content));
  const answerGuard = guardian(ofAnswers.map(({ content }) => content));
  const otherGuard = guardian(tokens);
  const marks = [...new Set(markup.match(TEXT_MARKS))].filter(
    (mark) => !added.some(({ content }) => content === mark),
  );
  return (role, content, at) => {
    const mark = marks.find((text) => content.includes(text));
    if (mark !== undefined) {
      throw new LorafitError(
        "data",
        `messages[${at}]: contains ${mark}, by which the chat template marks turns and which is not a single token`,
        { hint: `write ${mark} otherwise` },
      );
    }
    return role === "assistant" ? answerGuard(content) : otherGuard(content);
  };
}

/** Puts GUARD at each occurrence of the tokens: before a single character, else behind the first one. */
export function guardian(tokens: readonly string[]): (text: string) => string {
  const trie = new Trie<string>();
  for (const token of tokens) trie.set(token, token);
  return (text) => {
    if (text.includes(GUARD)) {
      throw new LorafitError("data", "contains U+FDD0, which is no character", { hint: "remove it" });
    }
    let out = "";
    for (let at = 0; at < text.length; ) {
      let token: string | undefined;
      for (const [, found] of trie.prefixes(text, at)) token = found;
      if (token === undefined) {
        out += text[at++];
        continue;
      }
      const first = String.fromCodePoint(token.codePointAt(0)!);
      out += token === first ? GUARD + token : first + GUARD + token.slice(first.length);
      at += token.length;
    }
    return out;
  };
}
