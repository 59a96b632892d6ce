import { relative, resolve } from "node:path";
import type { TrainingRow } from "../../data/row-format.ts";
import type { TaskEmbedder } from "../../embed/embedder.ts";
import type { Task } from "../../task/load.ts";
import type { Case, CaseBody } from "../cases/case.ts";
import { chrf } from "../metrics/chrf.ts";

/** Answer of the training question nearest to a case's. */
export interface FoundAnswer {
  readonly text: string;
  /** file:line of its row, relative to the task's folder. */
  readonly source: string;
}

/** Answers the cases that it was made for. Undefined for one that asks no question, or whose group holds every training answer. */
export type Lookup = (item: Case) => FoundAnswer | undefined;

/** A user message of a training row with the answer to it. */
interface Pair {
  readonly question: string;
  readonly answer: string;
  readonly row: TrainingRow;
}

function pairsOf(row: TrainingRow): Pair[] {
  if ("text" in row.content) return [];
  const { messages } = row.content;
  return messages.flatMap(({ role, content }, i) => {
    const before = messages[i - 1];
    return role === "assistant" && before?.role === "user"
      ? [{ question: before.content, answer: content, row }]
      : [];
  });
}

const questionOf = (body: CaseBody): string | undefined =>
  body.kind === "chat" ? body.messages.at(-1)!.content : undefined;

/**
 * Nearest-neighbour lookup over training answers, by the cosine of the last user messages' vectors. Rows of the case's own group are
 * left out, as a case of a group that was trained on would find itself.
 * @returns why there is none: no row holds a question with its answer
 */
export async function lookupIn(
  rows: readonly TrainingRow[],
  cases: readonly Case[],
  { folder, data }: Pick<Task, "folder" | "data">,
  embedder: TaskEmbedder,
): Promise<Lookup | { readonly reason: string }> {
  const pairs = rows.flatMap(pairsOf);
  if (pairs.length === 0) return { reason: "no training row holds a question with its answer" };
  const known = pairs.map(({ question }) => question);
  const asked = cases.flatMap(({ body }) => questionOf(body) ?? []);
  const vectors = await embedder.embed([...known, ...asked], known);
  const vectorOf = new Map(asked.map((question, i) => [question, vectors[known.length + i]!]));
  return ({ body, cluster, row }) => {
    const question = questionOf(body);
    if (question === undefined) return undefined;
    const vector = vectorOf.get(question)!;
    // Hashed n-grams are sparse: most entries of a question are 0.
    const used = [...vector.keys()].filter((i) => vector[i] !== 0);
    const groups = [cluster, data.group === undefined ? undefined : row[data.group]].map(String);
    let nearest: Pair | undefined;
    let largest = Number.NEGATIVE_INFINITY;
    for (const [i, pair] of pairs.entries()) {
      if (groups.includes(pair.row.group)) continue;
      const other = vectors[i]!;
      let likeness = 0;
      for (const at of used) likeness += other[at]! * vector[at]!;
      if (likeness > largest) [nearest, largest] = [pair, likeness];
    }
    if (nearest === undefined) return undefined;
    const file = relative(folder, resolve(nearest.row.file));
    return { text: nearest.answer, source: `${file}:${nearest.row.line}` };
  };
}

/**
 * Preference scores for the options of a choice, where a lookup has no likelihood: chrF of each option against the found answer.
 * docs/scoring.md has what it measures on cases that the rows cannot answer: chance.
 */
export const likenessTo = (answer: string, options: Iterable<string>): Map<string, number> =>
  new Map([...options].map((option) => [option, chrf(option, answer)]));
