import type { RawRow, Shaped, Unreadable } from "../../data/row-format.ts";

const isRaw = (value: unknown): value is RawRow =>
  typeof value === "object" && value !== null && !Array.isArray(value);
/** A key that is there and says something: null, an empty text and an empty list say nothing. */
const has = (raw: RawRow, key: string): boolean =>
  raw[key] !== undefined &&
  raw[key] !== null &&
  raw[key] !== "" &&
  !(Array.isArray(raw[key]) && raw[key].length === 0);
const unreadable = (problem: string): Unreadable => ({ problem });

const KTO =
  "has a label of true or false (KTO); only supervised rows are trained on: leave out the false ones, and the key";
const PREFERENCE =
  "is a preference pair (DPO, ORPO); only supervised rows are trained on: keep the chosen answer as completion";
const MASK = "masks of tokens are not supported; a turn of the assistant with weight 0 is context only";

/** Row shapes that are known and not read, by the keys that tell them, and what to do. */
const REFUSED: readonly [keys: readonly string[], problem: string][] = [
  [["chosen", "rejected"], PREFERENCE],
  [["tokens"], "holds tokens; write text or messages"],
  [["contents"], "is in Gemini's format (contents with parts); write messages with role and content"],
  [["question", "answer"], "has question and answer; rename them to prompt and completion"],
  [["source", "target"], "has source and target; rename them to prompt and completion"],
  [["prompt", "response"], "has prompt and response; rename response to completion"],
  [["input", "output"], "has input and output; rename them to prompt and completion"],
];

/** Keys of a row whose meaning would be lost, in every shape. */
const ROW_KEYS: Readonly<Record<string, string>> = {
  input_ids: "holds token ids; write text or messages without them",
  labels: "holds labels of tokens; write text or messages without them",
  loss_mask: MASK,
  completion_mask: MASK,
  assistant_masks: MASK,
  mask: MASK,
  masked: MASK,
  weights: MASK,
  train: "is not supported; a turn of the assistant with weight 0 is context only",
  train_on_input: "is not supported; questions are context only",
  train_on_inputs: "is not supported; questions are context only",
  system_prompt: "is not read; write a system turn into messages",
  tools: "tools are not supported; leave out rows that call tools",
  tool_choice: "tools are not supported; leave out rows that call tools",
  parallel_tool_calls: "tools are not supported; leave out rows that call tools, and the key",
  functions: "functions are not supported; leave out rows that call them",
  function_call: "functions are not supported; leave out rows that call them",
  tool_calls: "tool calls are not supported; leave out rows that have some",
  images: "images are not supported; only text is trained on",
  image: "images are not supported; only text is trained on",
  audios: "audio is not supported; only text is trained on",
  audio: "audio is not supported; only text is trained on",
  videos: "video is not supported; only text is trained on",
  weight: "weights of rows are not supported; repeat the row, or leave it out",
  sample_weight: "weights of rows are not supported; repeat the row, or leave it out",
  loss_weight: "weights of rows are not supported; repeat the row, or leave it out",
  documents: "documents are not supported; write them into a message",
  chat_template: "a template of a row's own is not supported",
  chat_template_kwargs: "settings of the chat template are not supported",
};

/** Keys that hold a row's content in one shape or another. Beside the shape that is read, their text would be lost. */
const CONTENT_KEYS =
  `messages conversations conversation instruction input output system history prompt completion response
  question query answer context text contents dialog dialogue segments chosen`.split(/\s+/);

/**
 * The row in lorafit's own shape. Read: messages (content as text or as text parts), ShareGPT, Alpaca, prompt and completion
 * as texts or as lists of messages (TRL), text. Other keys are kept.
 */
export function shaped(raw: RawRow): Shaped | Unreadable {
  const lost = Object.keys(ROW_KEYS).find((key) => has(raw, key));
  if (lost !== undefined) return unreadable(`${lost}: ${ROW_KEYS[lost]}`);
  if (has(raw, "rejected")) return unreadable(PREFERENCE);
  if (["label", "kto_tag"].some((key) => typeof raw[key] === "boolean")) return unreadable(KTO);
  for (const { keys, read } of SHAPES) {
    if (!(keys[0]! in raw)) continue;
    const found = read(raw);
    if ("problem" in found) return found;
    const rival = CONTENT_KEYS.find(
      (key) => !keys.includes(key) && has(raw, key) && !repeats(found.raw, key),
    );
    return rival === undefined ? found : unreadable(rivalProblem(keys[0]!, rival));
  }
  const refused = REFUSED.find(([keys]) => keys.every((key) => key in raw));
  return unreadable(refused?.[1] ?? "has neither messages, prompt and completion, nor text");
}

type Reader = (raw: RawRow) => Shaped | Unreadable;

/** What to do about a second content key. */
const rivalProblem = (key: string, rival: string): string =>
  ["system", "input", "context", "history"].includes(rival)
    ? `has both ${key} and ${rival}, which would be lost; write it into a message`
    : `has both ${key} and ${rival}; keep one`;

/**
 * True if a content key only repeats the row: its text is one of the row's texts, as the column prompt of UltraChat, or holds all of
 * them, as the column text of the published Alpaca data.
 */
function repeats(own: RawRow, rival: string): boolean {
  const { [rival]: value, messages } = own;
  if (typeof value !== "string") return false;
  const turns = Array.isArray(messages) ? (messages as RawRow[]).map(({ content }) => content) : [];
  const others = ["prompt", "completion", "text"].filter((key) => key !== rival).map((key) => own[key]);
  const texts = [...turns, ...others].filter((one) => typeof one === "string");
  return texts.includes(value) || (texts.length > 0 && texts.every((one) => value.includes(one)));
}

const ownMessages: Reader = (raw) => {
  if (has(raw, "rendered"))
    return unreadable("rendered: belongs to a row of text; messages are rendered here");
  const { messages } = raw;
  if (!Array.isArray(messages)) return { shape: "messages", raw };
  const parts = messages.some((message) => isRaw(message) && Array.isArray(message["content"]));
  return turnsOf("messages", messages, plainTurn, (turns) => ({
    shape: parts ? "messages with parts" : "messages",
    // Review decisions know a row that needed no change by its object.
    raw: parts ? { ...raw, messages: turns } : raw,
  }));
};

const shareGpt: Reader = (raw) => {
  const { conversations, system, ...rest } = raw;
  if (!Array.isArray(conversations)) return unreadable("conversations: is not a list (ShareGPT)");
  if (has(raw, "system") && typeof system !== "string") return unreadable("system: is not text (ShareGPT)");
  const own = conversations.every((turn) => isRaw(turn) && "role" in turn);
  return turnsOf("conversations", conversations, own ? plainTurn : shareGptTurn, (turns) => ({
    shape: own ? "conversations" : "ShareGPT",
    raw: {
      ...rest,
      messages: has(raw, "system") ? [{ role: "system", content: system }, ...turns] : turns,
    },
  }));
};

/** {"instruction", "input", "output"}, with `system` and `history` as LLaMA-Factory writes them. */
const alpaca: Reader = (raw) => {
  const { instruction, input, output, system, history, ...rest } = raw;
  if (typeof instruction !== "string" || typeof output !== "string") {
    return unreadable("is no Alpaca row: instruction and output must be text");
  }
  if (has(raw, "input") && typeof input !== "string") return unreadable("input: is not text (Alpaca)");
  if (has(raw, "system") && typeof system !== "string") return unreadable("system: is not text (Alpaca)");
  const earlier = has(raw, "history") ? history : [];
  if (!isHistory(earlier)) return unreadable("history: is not a list of pairs of texts (Alpaca)");
  return {
    shape: "Alpaca",
    raw: {
      ...rest,
      messages: [
        ...(has(raw, "system") ? [{ role: "system", content: system }] : []),
        ...earlier.flatMap(([asked, answered]) => [
          { role: "user", content: asked },
          { role: "assistant", content: answered },
        ]),
        { role: "user", content: [instruction, input].filter(Boolean).join("\n") },
        { role: "assistant", content: output },
      ],
    },
  };
};

const isHistory = (value: unknown): value is [string, string][] =>
  Array.isArray(value) &&
  value.every(
    (pair) => Array.isArray(pair) && pair.length === 2 && pair.every((side) => typeof side === "string"),
  );

/** As texts they stay as they are. As lists, the answers within the prompt are context only, as in TRL. */
const promptCompletion: Reader = (raw) => {
  const refused = REFUSED.find(([keys]) => keys.every((key) => key in raw));
  if (!("completion" in raw) && refused !== undefined) return unreadable(refused[1]);
  if (has(raw, "suffix"))
    return unreadable(
      "suffix: text after the completion (fill in the middle) is not supported; leave out the row",
    );
  const { prompt, completion, ...rest } = raw;
  if (!Array.isArray(prompt) && !Array.isArray(completion)) return { shape: "prompt and completion", raw };
  if (!Array.isArray(prompt) || !Array.isArray(completion)) {
    return unreadable("prompt and completion: one is a list of messages and the other is not (TRL)");
  }
  const asked = turnsOf("prompt", prompt, plainTurn, (turns) => turns);
  const answered = turnsOf("completion", completion, plainTurn, (turns) => turns);
  if ("problem" in asked) return asked;
  if ("problem" in answered) return answered;
  const context = asked.map((turn) => (turn["role"] === "assistant" ? { ...turn, weight: 0 } : turn));
  return {
    shape: "prompt and completion as messages (TRL)",
    raw: { ...rest, messages: [...context, ...answered] },
  };
};

const text: Reader = (raw) => ({ shape: "text", raw });

/** Shapes that are read: the key that tells one, the keys that it reads beside it, and its reader. The first match counts. */
const SHAPES: readonly { readonly keys: readonly string[]; readonly read: Reader }[] = [
  { keys: ["messages"], read: ownMessages },
  { keys: ["conversations", "system"], read: shareGpt },
  { keys: ["instruction", "input", "output", "system", "history"], read: alpaca },
  { keys: ["prompt", "completion"], read: promptCompletion },
  { keys: ["completion", "prompt"], read: promptCompletion },
  { keys: ["text"], read: text },
];

function turnsOf<T>(
  key: string,
  turns: readonly unknown[],
  read: (turn: RawRow) => RawRow | Unreadable,
  make: (turns: RawRow[]) => T,
): T | Unreadable {
  const out: RawRow[] = [];
  for (const [at, turn] of turns.entries()) {
    const found = isRaw(turn) ? read(turn) : unreadable(" is not an object");
    if ("problem" in found) return unreadable(`${key}[${at}]${found["problem"] as string}`);
    out.push(found);
  }
  return make(out);
}

/** Keys of a turn that say nothing to the model. */
const TURN_METADATA = new Set(
  "id date time timestamp ts created_at create_time turn index lang language source model metadata".split(
    " ",
  ),
);

const UNKNOWN_KEY = "is not supported, and may have a meaning; leave out the key, or the row";
/** Keys of a text part; caching and references say nothing to the model. */
const PART_KEYS = ["type", "text", "id", "cache_control", "annotations"];

/** A turn of role and content; content that is a list of text parts becomes their text. */
function plainTurn(turn: RawRow): RawRow | Unreadable {
  const { content } = turn;
  const lost = Object.keys(turn).find(
    (key) => !["role", "content", "weight"].includes(key) && !TURN_METADATA.has(key) && has(turn, key),
  );
  if (lost !== undefined) return unreadable(`.${lost}: ${UNKNOWN_KEY}`);
  if (!Array.isArray(content)) return turn;
  const texts: string[] = [];
  for (const [at, part] of content.entries()) {
    if (typeof part === "string") texts.push(part);
    else if (!isRaw(part) || part["type"] !== "text" || typeof part["text"] !== "string") {
      const type = isRaw(part) ? String(part["type"]) : typeof part;
      return unreadable(`.content[${at}]: a part of type ${type} is not supported; only text is trained on`);
    } else {
      const lost = Object.keys(part).find((key) => !PART_KEYS.includes(key) && has(part, key));
      if (lost !== undefined) return unreadable(`.content[${at}].${lost}: ${UNKNOWN_KEY}`);
      texts.push(part["text"]);
    }
  }
  return { ...turn, content: texts.join("") };
}

const SHAREGPT_ROLES: Readonly<Record<string, string>> = {
  system: "system",
  human: "user",
  user: "user",
  gpt: "assistant",
  chatgpt: "assistant",
  assistant: "assistant",
  bot: "assistant",
  model: "assistant",
};

function shareGptTurn(turn: RawRow): RawRow | Unreadable {
  const { from, value, ...rest } = turn;
  const role =
    typeof from === "string" && Object.hasOwn(SHAREGPT_ROLES, from) ? SHAREGPT_ROLES[from] : undefined;
  if (role === undefined) {
    return unreadable(
      `.from: ${JSON.stringify(from)} is not supported (ShareGPT); expected human, gpt or system`,
    );
  }
  return plainTurn({ ...rest, role, content: value });
}
