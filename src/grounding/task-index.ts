import { readFileSync } from "node:fs";
import { relative } from "node:path";
import type { RowFormat, TrainingRow } from "../data/row-format.ts";
import type { Task } from "../task/load.ts";
import { buildIndex, type GroundingIndex } from "./grounding-index.ts";
import { articlePassages, type Passage, policyPassages, transcriptPassages } from "./passages.ts";

/**
 * Index that `data.grounding` of a task describes; undefined in a task without it.
 * @param rows rows that are trained on, whose answers are the passages of `from: transcripts`
 * @throws as buildIndex and the readers of passages do
 */
export function taskIndex(
  task: Pick<Task, "data" | "paths">,
  format: RowFormat,
  rows: readonly TrainingRow[],
): GroundingIndex | undefined {
  const { data, paths } = task;
  if (data.grounding === undefined) return undefined;
  const { from, top, where } = data.grounding;
  const sources: Record<typeof from, () => Passage[]> = {
    policy: () =>
      policyPassages(
        readFileSync(paths.policy, "utf8"),
        relative(process.cwd(), paths.policy) || paths.policy,
      ),
    transcripts: () => transcriptPassages(format, rows),
    articles: () => articlePassages(paths.articles!),
  };
  return buildIndex(sources[from](), { from, top, where });
}
