import * as z from "zod";
import type { QuestionAnswer, TrainingMessage, TrainingRow } from "../../data/row-format.ts";
import { parsedBy, type RawRow, rowText } from "../../data/row-format.ts";
import type { Message } from "../../tokens/chat-template.ts";

const message = z
  .looseObject({
    role: z.enum(["system", "user", "assistant"], {
      error: ({ input }) =>
        input === "tool" || input === "function"
          ? `${input} turns are not supported; leave out rows that call tools`
          : "expected system, user or assistant",
    }),
    content: rowText,
    weight: z.literal([0, 1], { error: "weights other than 0 and 1 are not supported" }).nullish(),
  })
  .refine(({ role, weight }) => role === "assistant" || !weight, {
    error: "only an assistant's turn can be trained on",
    path: ["weight"],
  });
const conversation = (answered: boolean) =>
  z
    .looseObject({
      messages: z
        .array(message)
        .min(1, { error: "is empty" })
        .check((context) => checkTurns(context, answered)),
    })
    .transform(({ messages }) => ({
      messages: messages.map(
        ({ role, content, weight }): TrainingMessage =>
          role === "assistant" && weight === 0 ? { role, content, trained: false } : { role, content },
      ),
    }));
const [answeredRow, openRow] = [conversation(true), conversation(false)];
const promptRow = z
  .looseObject({ prompt: rowText, completion: rowText })
  .transform(({ prompt, completion }) => ({
    messages: [
      { role: "user" as const, content: prompt },
      { role: "assistant" as const, content: completion },
    ],
  }));
const textRow = z
  .looseObject({ text: rowText, rendered: z.boolean().optional() })
  .transform(({ text, rendered }) => (rendered === true ? { text, rendered } : { text }));

/** system? (user assistant)+, or where nothing need be answered also a last turn of the user's. */
function checkTurns(
  context: z.core.ParsePayload<readonly (Message & { readonly weight?: 0 | 1 | null | undefined })[]>,
  answered: boolean,
): void {
  const roles = context.value.map(({ role }) => role);
  const start = roles[0] === "system" ? 1 : 0;
  const say = (at: number, text: string) =>
    context.issues.push({ code: "custom", message: text, path: [at, "role"], input: roles[at] });
  for (let at = start; at < roles.length; at++) {
    const expected = (at - start) % 2 === 0 ? "user" : "assistant";
    if (roles[at] !== expected) return void say(at, `expected ${expected}, found ${roles[at]}`);
  }
  if (answered && roles.at(-1) !== "assistant") {
    context.issues.push({ code: "custom", message: "the last turn must be the assistant's", input: roles });
  } else if (answered && context.value.every(({ role, weight }) => role !== "assistant" || weight === 0)) {
    const message = "nothing is trained on, because each answer has weight 0; leave out the row";
    context.issues.push({ code: "custom", message, input: roles });
  }
}

/**
 * Content of a row that is trained on, or the mistakes in it. `answered: false` lets a conversation end with the user's turn.
 * @param raw a row in lorafit's own shape, as `shaped` makes it
 */
export function contentOf(
  raw: RawRow,
  { answered }: { readonly answered: boolean } = { answered: true },
): TrainingRow["content"] | string {
  return parsedBy<TrainingRow["content"]>(
    "messages" in raw ? (answered ? answeredRow : openRow) : "text" in raw ? textRow : promptRow,
    raw,
  );
}

/** Each user turn that an assistant's answers. */
export function questionsOf({ content }: Pick<TrainingRow, "content">): QuestionAnswer[] {
  if ("text" in content) return [];
  return content.messages.flatMap(({ role, content: answer }, i) => {
    const before = content.messages[i - 1];
    return role === "assistant" && before?.role === "user" ? [{ question: before.content, answer }] : [];
  });
}
