import { existsSync, statSync } from "node:fs";
import { join } from "node:path";
import * as z from "zod";
import { hashedNgrams, ngramStatisticsSchema } from "../embed/hashed-ngrams.ts";
import { LorafitError } from "../errors.ts";
import { sha256File, writeFileAtomic } from "../formats/files.ts";
import { readJson } from "../formats/json.ts";
import { openSafetensors, readBytes, writeSafetensors } from "../formats/safetensors.ts";
import { oneOfEach, type PersonalPatterns, type Query, sample } from "./queries.ts";
import { type Placed, placeTexts, type Space } from "./space.ts";

/** Queries that are kept or compared, at most; a seeded sample of more. */
export const MAX_QUERIES = 2000;

/** Reference for later queries: embeddings of the adapter's training examples, and statistics of the queries of that time. */
export interface DriftReference {
  readonly made: string;
  /** The task's own patterns, which mask later logs too. */
  readonly personal: PersonalPatterns;
  /** Queries of the reference, and of these the ones kept. */
  readonly queries: number;
  readonly space: Space;
  readonly placed: Placed;
}

const numbers = z.array(z.number());
const places = z.array(z.int().nonnegative());

/** reference.json: the vectors beside it are [training examples + topics, dimensions] and [queries, dimensions], U8. */
const schema = z.strictObject({
  format_version: z.literal(1),
  made: z.string(),
  personal: z.record(z.string(), z.string()),
  embedder: z.strictObject({ name: z.string(), statistics: ngramStatisticsSchema }),
  training: z.strictObject({
    examples: z.int().positive(),
    topics: z.array(z.strictObject({ id: z.string(), text: z.string(), examples: z.int() })).min(1),
    topic_of: places,
    threshold: z.number(),
  }),
  queries: z
    .strictObject({
      total: z.int().positive(),
      lengths: numbers,
      distances: numbers,
      topics: places,
      /** Hashes of each query's words and pairs. */
      words: z.array(places),
    })
    .refine(({ total: _, lengths, ...lists }) =>
      Object.values(lists).every((list) => list.length === lengths.length),
    ),
  vectors_sha256: z.string(),
});

const FILE = "reference.json";
const VECTORS = "vectors.safetensors";
/** Names of the files in a reference's folder. */
export const REFERENCE_FILES: readonly string[] = [FILE, VECTORS];

export const hasReference = (folder: string): boolean => existsSync(join(folder, FILE));

export function makeReference(
  space: Space,
  queries: readonly Query[],
  personal: PersonalPatterns = {},
): DriftReference {
  const kept = sample(oneOfEach(queries, "drift/reference"), MAX_QUERIES, "drift/reference");
  const placed = placeTexts(
    space,
    kept.map(({ text }) => text),
  );
  return { made: new Date().toISOString(), personal, queries: queries.length, space, placed };
}

/** Writes the reference into `folder`; reference.json last. @returns its size in bytes */
export function writeReference(folder: string, reference: DriftReference): number {
  const { made, personal, queries, space, placed } = reference;
  const { name, dimensions } = hashedNgrams(space.ngrams);
  const vectors = join(folder, VECTORS);
  const rows = (list: readonly Uint8Array[]) => ({
    shape: [list.length, dimensions],
    data: new Uint8Array(Buffer.concat(list)),
  });
  writeSafetensors(vectors, { training: rows(space.vectors), queries: rows(placed.vectors) });
  const content: z.input<typeof schema> = {
    format_version: 1,
    made,
    personal,
    embedder: { name, statistics: space.ngrams },
    training: {
      examples: space.examples,
      topics: [...space.topics],
      topic_of: [...space.topicOf],
      threshold: space.threshold,
    },
    queries: {
      total: queries,
      lengths: [...placed.lengths],
      distances: [...placed.distances],
      topics: [...placed.topics],
      words: placed.words.map((words) => [...words]),
    },
    vectors_sha256: sha256File(vectors),
  };
  const file = join(folder, FILE);
  writeFileAtomic(file, `${JSON.stringify(content)}\n`);
  return statSync(file).size + statSync(vectors).size;
}

/**
 * @throws usage error when there is none, data error when it is damaged, mismatch error when another embedder made it
 */
export function readReference(folder: string): DriftReference {
  const file = join(folder, FILE);
  const vectors = join(folder, VECTORS);
  const hint = "restore the folder, or train again";
  const content = readJson(file, {
    schema,
    hint,
    absent: () =>
      new LorafitError("usage", `${file}: there is nothing to compare new queries with`, {
        hint: "name raw queries of the training period as drift.reference in task.yaml, and train again",
      }),
  });
  if (!existsSync(vectors) || sha256File(vectors) !== content.vectors_sha256)
    throw new LorafitError("data", `${vectors}: is not the file that was written with ${FILE}`, { hint });
  const { embedder, training, queries } = content;
  const { name } = hashedNgrams(embedder.statistics);
  if (name !== embedder.name) {
    throw new LorafitError(
      "mismatch",
      `${file}: was made with the embedder ${embedder.name}, not with ${name}`,
      {
        hint: "train again with this version of lorafit",
      },
    );
  }
  const tensors = openSafetensors(vectors);
  const rows = (tensor: string): Uint8Array[] => {
    const { bytes, shape } = readBytes(tensors, tensor);
    return Array.from({ length: shape[0]! }, (_, i) => bytes.subarray(i * shape[1]!, (i + 1) * shape[1]!));
  };
  const space: Space = {
    ngrams: embedder.statistics,
    vectors: rows("training"),
    topicOf: Int32Array.from(training.topic_of),
    examples: training.examples,
    topics: training.topics,
    threshold: training.threshold,
  };
  const placed: Placed = {
    lengths: queries.lengths,
    distances: queries.distances,
    topics: queries.topics,
    outOfScope: queries.distances.map((distance) => distance > training.threshold),
    words: queries.words.map((words) => Uint32Array.from(words)),
    vectors: rows("queries"),
  };
  const { made, personal } = content;
  return { made, personal, queries: queries.total, space, placed };
}
