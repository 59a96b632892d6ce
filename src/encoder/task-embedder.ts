import { existsSync } from "node:fs";
import type { TaskEmbedder } from "../embed/embedder.ts";
import { ngramEmbedder } from "../embed/hashed-ngrams.ts";
import { ENCODER, pulledFolder } from "../model/catalog.ts";
import { openSentenceEncoder } from "./sentence-encoder.ts";

/** The embedder of tasks on this machine: all-minilm-l6-v2 once it has been pulled into `home`, else hashed n-grams. */
export function embedderFor(home: string): TaskEmbedder {
  const folder = pulledFolder(ENCODER, home);
  return existsSync(folder) ? openSentenceEncoder(ENCODER, folder, { cacheDir: home }) : ngramEmbedder;
}
