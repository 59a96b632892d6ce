import { normalise } from "../../../embed/normalise.ts";
import type { TrainingRow } from "../../row-format.ts";

/** The strings of a row that are trained on, with their places in it. */
export function texts(content: TrainingRow["content"]): { at: string; text: string }[] {
  if ("text" in content) return [{ at: "text", text: content.text }];
  return content.messages.map((message, i) => ({ at: `messages[${i}]`, text: message.content }));
}

/** The whole conversation, normalised turn by turn. */
export function conversation(content: TrainingRow["content"]): string {
  if ("text" in content) return normalise(content.text);
  return content.messages.map((message) => `${message.role}:${normalise(message.content)}`).join("\n");
}

/** Turns of customer and agent, normalised; without the system message, which many rows share. */
export function dialogue(content: TrainingRow["content"]): string {
  if ("text" in content) return normalise(content.text);
  return normalise(
    content.messages.flatMap(({ role, content }) => (role === "system" ? [] : content)).join(" "),
  );
}

/** Customer turns, normalised: each turn, and all turns up to each, so that a case is found at any turn. */
export function customerSides(content: TrainingRow["content"]): string[] {
  if ("text" in content) return [normalise(content.text)];
  const turns = content.messages.filter(({ role }) => role === "user").map((message) => message.content);
  return [...new Set(turns.flatMap((turn, i) => [turn, turns.slice(0, i + 1).join(" ")]).map(normalise))];
}

/** A copy of a row as read from its file, with every string that is trained on rewritten; other fields stay. */
export function mapTexts(
  raw: Readonly<Record<string, unknown>>,
  rewrite: (text: string) => string,
): Record<string, unknown> {
  const copy: Record<string, unknown> = { ...raw };
  for (const key of ["text", "prompt", "completion"]) {
    if (typeof copy[key] === "string") copy[key] = rewrite(copy[key]);
  }
  if (Array.isArray(copy["messages"])) {
    copy["messages"] = (copy["messages"] as { content: unknown }[]).map((message) =>
      typeof message?.content === "string" ? { ...message, content: rewrite(message.content) } : message,
    );
  }
  return copy;
}

/** A row as one line for a person: "user: … | assistant: …", or its text. */
export function spoken(raw: Readonly<Record<string, unknown>>): string {
  const { messages, prompt, completion, text } = raw;
  const turns = Array.isArray(messages)
    ? (messages as { role?: unknown; content?: unknown }[])
        .filter((message) => message?.role !== "system")
        .map((message) => `${message?.role}: ${message?.content}`)
    : [prompt, completion, text].filter((part) => typeof part === "string");
  return turns.join(" | ").replace(/\s+/g, " ");
}
