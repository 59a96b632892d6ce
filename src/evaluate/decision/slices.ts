import type { AnswerRow } from "../answers/answer-row.ts";

/** Pass rates of one rule or slice. */
export interface SliceResult {
  by: "rule" | "slice";
  value: string;
  n: number;
  base: number;
  tuned: number;
  fixed: number;
  broken: number;
}

/** Pass rates by rule and by slice, over answers that pass or fail. They describe and decide nothing. */
export function slicesOf(answers: readonly AnswerRow[]): SliceResult[] {
  const slices = new Map<string, SliceResult>();
  for (const answer of answers) {
    for (const by of ["rule", "slice"] as const) {
      const value = answer[by];
      if (value === undefined) continue;
      const key = `${by} ${value}`;
      const entry = slices.get(key) ?? { by, value, n: 0, base: 0, tuned: 0, fixed: 0, broken: 0 };
      entry.n++;
      entry.base += answer.base.score;
      entry.tuned += answer.tuned.score;
      if (answer.tuned.score > answer.base.score) entry.fixed++;
      if (answer.tuned.score < answer.base.score) entry.broken++;
      slices.set(key, entry);
    }
  }
  return [...slices.values()]
    .map((entry) => ({ ...entry, base: entry.base / entry.n, tuned: entry.tuned / entry.n }))
    .sort((a, b) => a.by.localeCompare(b.by) || a.value.localeCompare(b.value, "en", { numeric: true }));
}
