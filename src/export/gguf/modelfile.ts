import type { Message } from "../../tokens/chat-template.ts";
import type { Tokenizer } from "../../tokens/tokenizer.ts";
import { GGUF_FILE } from "./gguf.ts";

/** Name of the file. */
export const MODELFILE = "Modelfile";

/** A chat format in Ollama's template language, and the same rendering here. */
interface ChatFormat {
  /** Go template (ollama, docs/template.md). */
  readonly template: string;
  readonly stops: readonly string[];
  /** One turn; `assistant` turns end with the end-of-turn sign. */
  readonly start: string;
  turn(role: string, content: string): string;
  readonly generation: string;
}

const chatFormat = (open: string, between: string, close: string, start: string): ChatFormat => {
  const [user, assistant, system] = ["user", "assistant", "system"].map((role) => `${open}${role}${between}`);
  const turns =
    "{{- range .Messages }}" +
    `{{ if eq .Role "system" }}${system}{{ .Content }}${close}` +
    `{{ else if eq .Role "user" }}${user}{{ .Content }}${close}` +
    `{{ else if eq .Role "assistant" }}${assistant}{{ .Content }}${close}{{ end }}` +
    "{{- end }}";
  return {
    template: `${turns}${assistant}`,
    stops: [close.trim()],
    start,
    turn: (role, content) => `${open}${role}${between}${content}${close}`,
    generation: assistant!,
  };
};

/** ChatML (SmolLM2, Qwen) and Llama 3, whose begin token the server adds. */
const FORMATS: readonly ChatFormat[] = [
  chatFormat("<|im_start|>", "\n", "<|im_end|>\n", ""),
  chatFormat("<|start_header_id|>", "<|end_header_id|>\n\n", "<|eot_id|>", "<|begin_of_text|>"),
];

const SYSTEM = { role: "system", content: "Answer as the shop does." } as const;
const TURNS = [
  { role: "user", content: "May I return boots?" },
  { role: "assistant", content: "Yes, within 60 days." },
  { role: "user", content: "And worn ones?" },
] as const satisfies readonly Message[];

/** What a Modelfile has to say about a chat template. */
interface Chat {
  readonly format: ChatFormat;
  /** System message that the base's template adds where a conversation has none. */
  readonly system: string | undefined;
}

/** The known format that renders conversations as the base's template does, character by character; undefined for none. */
function chatOf(tokenizer: Tokenizer): Chat | undefined {
  const rendered = (messages: readonly Message[]): string =>
    tokenizer.renderChat(messages, { addGenerationPrompt: true }).toString();
  for (const format of FORMATS) {
    const own = (messages: readonly Message[]): string =>
      format.start +
      messages.map(({ role, content }) => format.turn(role, content)).join("") +
      format.generation;
    if (rendered([SYSTEM, ...TURNS]) !== own([SYSTEM, ...TURNS])) continue;
    const plain = rendered(TURNS);
    if (plain === own(TURNS)) return { format, system: undefined };
    const [before, after] = format.turn("system", "\0").split("\0") as [string, string];
    const start = format.start + before;
    const end = plain.indexOf(after + format.turn("user", TURNS[0].content));
    if (!plain.startsWith(start) || end < 0) continue;
    const system = plain.slice(start.length, end);
    if (plain === own([{ role: "system", content: system }, ...TURNS])) return { format, system };
  }
  return undefined;
}

/**
 * An Ollama Modelfile (ollama, docs/modelfile.md) beside the GGUF: template, stops, and the greedy decoding that was judged.
 * @returns undefined for a chat template that is none of the known formats, and for a base without one
 */
export function modelfile(tokenizer: Tokenizer, context: number): string | undefined {
  let chat: Chat | undefined;
  try {
    chat = chatOf(tokenizer);
  } catch {
    return undefined;
  }
  if (chat === undefined) return undefined;
  const { format, system } = chat;
  return [
    `FROM ./${GGUF_FILE}`,
    `TEMPLATE """${format.template}"""`,
    ...(system === undefined ? [] : [`SYSTEM """${system}"""`]),
    ...format.stops.map((stop) => `PARAMETER stop ${JSON.stringify(stop)}`),
    "PARAMETER temperature 0",
    "PARAMETER seed 0",
    `PARAMETER num_ctx ${context}`,
    "",
  ].join("\n");
}
