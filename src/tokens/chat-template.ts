import { Template } from "@huggingface/jinja";
import type { Message } from "../data/rows.ts";
import { LorafitError } from "../errors.ts";
import { type TokenizerFiles, templateText, tokenText } from "./files.ts";

export type ChatTemplate = (
  messages: readonly Message[],
  options: { readonly addGenerationPrompt: boolean },
) => string;

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
 * Compiles the model's chat template. It gets what transformers gives it: the messages, add_generation_prompt and the
 * special tokens (raise_exception and strftime_now come with the jinja library). A model without one renders nothing.
 * @throws data error when the template cannot be parsed
 */
export function compileChatTemplate(files: TokenizerFiles): ChatTemplate {
  const text = templateText(files);
  if (text === undefined) {
    return () => {
      throw new LorafitError("data", "this model has no chat template", {
        hint: "use rows with `text`, or a base that was trained for chat",
      });
    };
  }
  const tokens = Object.fromEntries(
    TOKEN_KEYS.map((key) => [key, tokenText(files.tokenizerConfig[key])]).filter(
      ([, value]) => value !== undefined,
    ),
  );
  const template = attempt("cannot be parsed", () => new Template(text));
  return (messages, { addGenerationPrompt }) =>
    attempt("refuses the conversation", () =>
      template.render({ messages: [...messages], add_generation_prompt: addGenerationPrompt, ...tokens }),
    );
}

function attempt<T>(what: string, work: () => T): T {
  try {
    return work();
  } catch (cause) {
    throw new LorafitError("data", `the chat template ${what}: ${(cause as Error).message}`, {
      hint: "see chat_template in the model's tokenizer_config.json",
      cause,
    });
  }
}
