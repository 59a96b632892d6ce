import { join } from "node:path";
import * as z from "zod";
import { cosine } from "../embed/embedder.ts";
import {
  fitNgrams,
  hashedNgrams,
  type NgramStatistics,
  ngramStatisticsSchema,
} from "../embed/hashed-ngrams.ts";
import { LorafitError } from "../errors.ts";
import { writeFileAtomic } from "../formats/files.ts";
import { jsonText, readJson } from "../formats/json.ts";
import type { Passage } from "./passages.ts";

/** Name of the index in a folder. */
export const GROUNDING_FILE = "grounding.json";
/** Cosine of two questions from which on they are near duplicates. */
export const NEAR_DUPLICATE = 0.95;

/** `data.grounding` of task.yaml, without the paths of its files. */
const settingsSchema = z.strictObject({
  from: z.enum(["policy", "transcripts", "articles"]),
  top: z.int().min(1),
  where: z.literal("system"),
});
export type GroundingSettings = z.output<typeof settingsSchema>;

const fileSchema = z.strictObject({
  version: z.literal(1),
  settings: settingsSchema,
  embedder: z.strictObject({ name: z.string(), statistics: ngramStatisticsSchema }),
  passages: z
    .array(z.strictObject({ id: z.string(), text: z.string(), question: z.string().optional() }))
    .min(1),
});

/** Passages that `nearest` leaves out: those of some groups, and near duplicates of the query. */
export interface Exclusion {
  readonly groups: readonly string[];
  /** True leaves out past answers whose question is a near duplicate of the query; rules and articles stay. */
  readonly nearDuplicates: boolean;
}

/** A passage with its cosine to the query. */
export interface FoundPassage extends Passage {
  readonly similarity: number;
}

/** Passages that can be searched. */
export interface GroundingIndex {
  readonly settings: GroundingSettings;
  readonly embedder: { readonly name: string; readonly statistics: NgramStatistics };
  readonly passages: readonly Passage[];
  /** The nearest passages with different texts, nearest first; ties keep the order of the index. */
  nearest(
    query: string,
    options?: { readonly top?: number; readonly exclude?: Exclusion | undefined },
  ): FoundPassage[];
}

/** Index with n-gram statistics learned from the passages. @throws data error without a passage */
export function buildIndex(passages: readonly Passage[], settings: GroundingSettings): GroundingIndex {
  if (passages.length === 0)
    throw new LorafitError("data", `data.grounding: ${settings.from} have no passage`, {
      hint: "transcripts need rows with a question and its answer",
    });
  return indexOf(passages, settings, fitNgrams(passages.map(keyOf)));
}

const keyOf = ({ question, text }: Passage): string => question ?? text;

function indexOf(
  passages: readonly Passage[],
  settings: GroundingSettings,
  statistics: NgramStatistics,
): GroundingIndex {
  const embedder = hashedNgrams(statistics);
  const vectors = passages.map((passage) => embedder.embed(keyOf(passage)));
  return {
    settings,
    embedder: { name: embedder.name, statistics },
    passages,
    nearest(query, { top = settings.top, exclude } = {}) {
      const vector = embedder.embed(query);
      const ranked = passages
        .map((passage, i): FoundPassage => ({ ...passage, similarity: cosine(vector, vectors[i]!) }))
        .filter(
          ({ group, question, similarity }) =>
            exclude === undefined ||
            (!(group !== undefined && exclude.groups.includes(group)) &&
              !(exclude.nearDuplicates && question !== undefined && similarity >= NEAR_DUPLICATE)),
        )
        .sort((a, b) => b.similarity - a.similarity);
      const found = new Map<string, FoundPassage>();
      for (const passage of ranked) {
        if (found.size === top) break;
        if (!found.has(passage.text)) found.set(passage.text, passage);
      }
      return [...found.values()];
    },
  };
}

/** Content of grounding.json. Equal passages and settings give equal bytes. Groups of rows are left out. */
export function groundingText({ settings, embedder, passages }: GroundingIndex): string {
  const kept = passages.map(({ id, text, question }) => ({
    id,
    text,
    ...(question !== undefined && { question }),
  }));
  return jsonText({ version: 1, settings, embedder, passages: kept });
}

/** Writes grounding.json into a folder. */
export function writeGrounding(folder: string, index: GroundingIndex): void {
  writeFileAtomic(join(folder, GROUNDING_FILE), groundingText(index));
}

/**
 * Opens the index of a folder that holds grounding.json, such as a release.
 * @throws data error for a damaged file, usage error where there is none, mismatch error for an index of another embedder
 */
export function openGrounding(folder: string): GroundingIndex {
  const file = join(folder, GROUNDING_FILE);
  const { settings, embedder, passages } = readJson(file, {
    schema: fileSchema,
    hint: "copy it from the release again",
    absent: () =>
      new LorafitError("usage", `${file}: there is no index here`, {
        hint: "name a folder with grounding.json",
      }),
  });
  const index = indexOf(passages, settings, embedder.statistics);
  if (index.embedder.name !== embedder.name)
    throw new LorafitError("mismatch", `${file}: was made with ${embedder.name}`, {
      hint: `this version has ${index.embedder.name}; use the version that made it`,
    });
  return index;
}
