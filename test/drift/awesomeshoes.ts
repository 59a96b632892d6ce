import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { readRows } from "../../src/data/rows.ts";
import { type Query, readQueries } from "../../src/drift/queries.ts";
import { makeReference } from "../../src/drift/reference.ts";
import { trainingSpace } from "../../src/drift/space.ts";
import { chat } from "../../src/kinds/chat/chat.ts";
import { parsePolicy } from "../../src/task/policy.ts";

export const folder = fileURLToPath(new URL("../../datasets/awesomeshoes", import.meta.url));

export const policy = parsePolicy(readFileSync(`${folder}/policy.md`, "utf8"), "policy.md");
export const logFile = (name: string): string => `${folder}/data/${name}`;
export const queriesOf = (name: string): Query[] => readQueries(logFile(name));

/** The clean transcripts, and the queries of their month. */
export function awesomeReference() {
  const rows = readRows(chat.rows, [logFile("transcripts-30-day.jsonl")], { groupKey: "transcript_id" });
  return makeReference(trainingSpace(rows, policy), queriesOf("reference.jsonl"));
}
