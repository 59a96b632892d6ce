import type { RowFormat, TrainingMessage, TrainingRow } from "../data/row-format.ts";
import { LorafitError } from "../errors.ts";
import type { Message } from "../tokens/chat-template.ts";
import type { Exclusion, FoundPassage, GroundingIndex } from "./grounding-index.ts";

export interface GroundOptions<M extends Message> {
  /** Passages that must not be found, such as those of a training row's own group. */
  readonly exclude?: Exclusion | undefined;
  /** True if the prompt fits the context; absent: every prompt does. */
  readonly fits?: (messages: readonly M[]) => boolean;
}

export interface Grounded<M extends Message> {
  readonly messages: M[];
  /** Passages in the prompt, nearest first. */
  readonly passages: readonly FoundPassage[];
  /** Number of passages that were left out to fit. */
  readonly dropped: number;
}

const listOf = (passages: readonly FoundPassage[]): string =>
  passages.map(({ text }, i) => `${i + 1}. ${text}`).join("\n");

/**
 * Places the passages nearest to the last user message in the system message, after the conversation's own. Where the prompt does
 * not fit, passages are dropped from the end; the conversation itself is never cut.
 * @throws usage error for a conversation without a user message
 */
export function ground<M extends Message>(
  messages: readonly M[],
  index: Pick<GroundingIndex, "nearest">,
  { exclude, fits = () => true }: GroundOptions<M> = {},
): Grounded<M> {
  const query = messages.findLast(({ role }) => role === "user")?.content;
  if (query === undefined) throw new LorafitError("usage", "grounding needs a message of the user's");
  const found = index.nearest(query, { exclude });
  for (let count = found.length; count > 0; count--) {
    const passages = found.slice(0, count);
    const prompt = withSystem(messages, listOf(passages));
    if (fits(prompt)) return { messages: prompt, passages, dropped: found.length - count };
  }
  return { messages: [...messages], passages: [], dropped: found.length };
}

function withSystem<M extends Message>(messages: readonly M[], text: string): M[] {
  const [first, ...rest] = messages;
  return first?.role === "system"
    ? [{ ...first, content: `${first.content}\n\n${text}` }, ...rest]
    : [{ role: "system", content: text } as M, ...messages];
}

/**
 * Training rows with the prompts that are served. A conversation becomes one row for each trained answer, because each answer has
 * passages of its own: earlier answers are context, later turns are cut. Passages of the row's group and near duplicates of its
 * question are left out. Plain texts stay as they are.
 * @param fits true if the row, its answer included, fits the sequence length
 * @returns `dropped`: rows that have fewer passages because of their length
 */
export function groundRows(
  rows: readonly TrainingRow[],
  index: Pick<GroundingIndex, "nearest">,
  fits: (content: TrainingRow["content"]) => boolean,
): { rows: TrainingRow[]; dropped: number } {
  let dropped = 0;
  const grounded = rows.flatMap((row): TrainingRow[] => {
    if ("text" in row.content) return [row];
    const answers = trainedAnswers(row.content.messages);
    return answers.map((messages, i) => {
      const answer = messages.at(-1)!;
      const result = ground(messages.slice(0, -1), index, {
        exclude: { groups: [row.group], nearDuplicates: true },
        fits: (prompt) => fits({ messages: [...prompt, answer] }),
      });
      if (result.dropped > 0) dropped++;
      const id = answers.length === 1 ? row.id : `${row.id}#${i + 1}`;
      return { ...row, id, content: { messages: [...result.messages, answer] } };
    });
  });
  return { rows: grounded, dropped };
}

/** The conversation up to each trained answer that follows a user message. */
function trainedAnswers(messages: readonly TrainingMessage[]): TrainingMessage[][] {
  return messages.flatMap(({ role, trained }, at) =>
    role === "assistant" && trained !== false
      ? [
          messages
            .slice(0, at + 1)
            .map((turn, i) =>
              turn.role === "assistant" && i < at ? { ...turn, trained: false as const } : turn,
            ),
        ]
      : [],
  );
}

/** True if a row encodes without being cut. Rows that cannot be encoded are reported by `encodeRows`. */
export function fitsIn(
  format: RowFormat,
  tokenizer: Parameters<RowFormat["encode"]>[1],
  maxLength: number,
): (content: TrainingRow["content"]) => boolean {
  return (content) => {
    try {
      return format.encode({ content }, tokenizer, maxLength, () => {}).truncated === 0;
    } catch (error) {
      if (LorafitError.is(error)) return false;
      throw error;
    }
  };
}
