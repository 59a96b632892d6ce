import { normalise } from "../../../embed/normalise.ts";
import type { TrainingRow } from "../../row-format.ts";

/** A question of a row's customer with its answer: a turn of a chat, or a text with its label. */
export interface Exchange {
  readonly row: TrainingRow;
  /** All customer turns up to here. */
  readonly question: string;
  /** The last of it: what the answer answers. */
  readonly turn: string;
  readonly answer: string;
}

export function exchangesOf(row: TrainingRow): Exchange[] {
  if ("text" in row.content) {
    const answer = labelOf(row.raw);
    return answer === undefined ? [] : [{ row, question: row.content.text, turn: row.content.text, answer }];
  }
  const asked: string[] = [];
  return row.content.messages.flatMap(({ role, content }) => {
    if (role === "user") asked.push(content);
    return role === "assistant"
      ? [{ row, question: asked.join(" "), turn: asked.at(-1)!, answer: content }]
      : [];
  });
}

/** Fields that say where a row comes from, not what it is. */
const ABOUT = ["text", "rendered", "id", "curation"];

/** The class of a row with `text`: its `label`, or its only other field. */
export function labelOf(raw: TrainingRow["raw"]): string | undefined {
  if (!("text" in raw)) return undefined;
  const others = Object.keys(raw).filter((key) => !ABOUT.includes(key));
  const key = "label" in raw ? "label" : others.length === 1 ? others[0] : undefined;
  return key === undefined ? undefined : String(raw[key]);
}

/** The exchange's question for comparing. */
export function asked({ question }: Exchange): string {
  return normalise(question);
}
