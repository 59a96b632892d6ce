import { relative, resolve } from "node:path";
import type { QuestionAnswer, TrainingRow } from "../../data/row-format.ts";
import type { TaskEmbedder } from "../../embed/embedder.ts";
import { kindOf } from "../../kinds/index.ts";
import type { Task } from "../../task/load.ts";
import type { Case } from "../cases/case.ts";
import { caseKindOf } from "../cases/kinds/index.ts";

/** Answer of the training question nearest to a case's. */
export interface FoundAnswer {
  readonly text: string;
  /** file:line of its row, relative to the task's folder; absent for an answer that is in no row. */
  readonly source?: string;
}

/** Answers the cases that it was made for. Undefined for one that asks no question, or whose group holds every training answer. */
export type Lookup = (item: Case) => FoundAnswer | undefined;

/** A question of a training row with the answer to it. */
interface Pair extends QuestionAnswer {
  readonly row: TrainingRow;
}

/**
 * Nearest-neighbour lookup over training answers, by the cosine of the last user messages' vectors. Rows of the case's own group are
 * left out, as a case of a group that was trained on would find itself.
 * @returns why there is none: no row holds a question with its answer
 */
export async function lookupIn(
  rows: readonly TrainingRow[],
  cases: readonly Case[],
  task: Task,
  embedder: TaskEmbedder,
): Promise<Lookup | { readonly reason: string }> {
  const { folder, data } = task;
  const format = kindOf(task).rows;
  const pairs = rows.flatMap((row): Pair[] => format.questionsOf(row).map((pair) => ({ ...pair, row })));
  if (pairs.length === 0) return { reason: "no training row holds a question with its answer" };
  const known = pairs.map(({ question }) => question);
  const asked = cases.flatMap((item) => caseKindOf(item).lookup?.questionOf(item.body) ?? []);
  const vectors = await embedder.embed([...known, ...asked], known);
  const vectorOf = new Map(asked.map((question, i) => [question, vectors[known.length + i]!]));
  return (item) => {
    const { body, cluster, row } = item;
    const question = caseKindOf(item).lookup?.questionOf(body);
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
