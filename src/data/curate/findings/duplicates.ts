import { normalise } from "../../../embed/normalise.ts";
import type { TrainingRow } from "../../row-format.ts";
import { type Proposal, placeOf, similarityOf } from "../finding.ts";
import { labelOf } from "../text/exchanges.ts";
import { NEAR, type NearPair, nearPairsWithin } from "../text/shingles.ts";
import { negates } from "../text/stance.ts";
import { termsOf } from "../text/terms.ts";
import { conversation, dialogue, texts } from "../text/text.ts";

/**
 * All but one row of each set of equal conversations. The one that stays is the first that no person dropped. Equal texts with
 * different labels are no duplicates but a conflict.
 */
export function exactDuplicates(
  rows: readonly TrainingRow[],
  dropped: (row: TrainingRow) => boolean,
): Map<TrainingRow, Proposal> {
  const equal = new Map<string, TrainingRow[]>();
  for (const row of rows) {
    const key = JSON.stringify([conversation(row.content), labelOf(row.raw)]);
    const set = equal.get(key);
    if (set === undefined) equal.set(key, [row]);
    else set.push(row);
  }
  const found = new Map<TrainingRow, Proposal>();
  for (const set of equal.values()) {
    const stays = set.find((row) => !dropped(row)) ?? set[0]!;
    for (const row of set) {
      if (row === stays) continue;
      found.set(row, {
        kind: "exact-duplicate",
        file: row.file,
        line: row.line,
        other: { file: stays.file, line: stays.line },
        evidence: `the same conversation as ${stays.file}:${stays.line}, but for case, spacing and punctuation`,
        severity: "warning",
        action: "drop",
      });
    }
  }
  return found;
}

/**
 * Rows that nearly repeat an earlier one of the same label, if any, the nearest of which is named; those in `exact` say so already.
 * Those at `conflicting` places are for a person to look at, who knows which of both is right.
 */
export function nearDuplicates(
  rows: readonly TrainingRow[],
  exact: ReadonlyMap<TrainingRow, Proposal>,
  conflicting: ReadonlySet<string>,
  dropped: (row: TrainingRow) => boolean,
): Proposal[] {
  const candidates = rows.filter((row) => !exact.has(row));
  const said = candidates.map(({ content }) => dialogue(content));
  const nearest = new Map<TrainingRow, { twin: TrainingRow; similarity: number }>();
  for (const { left, right, similarity } of [...nearPairsWithin(said, NEAR), ...sameAnswers(candidates)]) {
    const [row, twin] = [candidates[left]!, candidates[right]!];
    if (labelOf(row.raw) !== labelOf(twin.raw) || (dropped(twin) && !dropped(row))) continue;
    const best = nearest.get(row);
    if (best === undefined || best.similarity < similarity) nearest.set(row, { twin, similarity });
  }
  return [...nearest].map(([row, { twin, similarity }]) => ({
    kind: "near-duplicate",
    sure: sameTerms(row, twin),
    file: row.file,
    line: row.line,
    other: { file: twin.file, line: twin.line },
    similarity: similarityOf(similarity),
    evidence: `nearly the same conversation as ${twin.file}:${twin.line}`,
    severity: "warning",
    action: conflicting.has(placeOf(row)) || conflicting.has(placeOf(twin)) ? "review" : "drop",
  }));
}

/** Similarity of what the customers say from which on rows with one and the same answer nearly repeat each other. */
const NEAR_QUESTION = 0.5;
/** Characters of an answer that does not fit many questions. */
const TELLING = 40;

/** Pairs of rows whose answers are equal and whose questions are similar, by their places. */
function sameAnswers(rows: readonly TrainingRow[]): NearPair[] {
  const byAnswers = new Map<string, number[]>();
  for (const [i, { content }] of rows.entries()) {
    const answers = saidBy("assistant", content);
    if (answers.length >= TELLING) byAnswers.set(answers, [...(byAnswers.get(answers) ?? []), i]);
  }
  return [...byAnswers.values()].flatMap((places) =>
    nearPairsWithin(
      places.map((i) => saidBy("user", rows[i]!.content)),
      NEAR_QUESTION,
    ).map(({ left, right, similarity }) => ({ left: places[left]!, right: places[right]!, similarity })),
  );
}

function saidBy(role: "user" | "assistant", content: TrainingRow["content"]): string {
  if ("text" in content) return "";
  return normalise(
    content.messages.flatMap((message) => (message.role === role ? message.content : [])).join(" "),
  );
}

/** True if both rows use the same terms and numbers: they differ in small words, spelling of a plural or order only. */
function sameTerms(a: TrainingRow, b: TrainingRow): boolean {
  const [left, right] = [a, b].map(({ content }) => {
    const text = texts(content)
      .map((entry) => entry.text)
      .join("\n");
    const numbers = text.match(/\d+(?:[.,:]\d+)*/g) ?? [];
    return [...termsOf(text), ...new Set(numbers), String(negates(text))].sort().join(" ");
  });
  return left === right;
}
