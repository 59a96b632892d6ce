import { readFileSync } from "node:fs";
import { AutoTokenizer, env } from "@xenova/transformers";
import { beforeAll, expect, test } from "vitest";
import type { Tokenizer } from "../../src/tokens/tokenizer.ts";
import { bundledTokenizer } from "./bundled.ts";

/** Consumers of our exports tokenise with this package, so it must give the ids that training used. */
let consumer: (text: string) => number[];
let ours: Tokenizer;

beforeAll(async () => {
  env.allowRemoteModels = false;
  env.localModelPath = new URL("../../models/", import.meta.url).pathname;
  const tokenizer = await AutoTokenizer.from_pretrained("lorafit-base-5m");
  consumer = (text) => tokenizer.encode(text, null, { add_special_tokens: false });
  ours = await bundledTokenizer();
});

test("@xenova/transformers 2 gives our ids on every case of AwesomeShoes with the bundled tokenizer", () => {
  const file = new URL("../../datasets/awesomeshoes/cases/domain.jsonl", import.meta.url);
  const texts = readFileSync(file, "utf8")
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line).messages.at(-1).content as string);
  expect(texts.length).toBeGreaterThan(200);
  for (const text of texts) expect(consumer(text), text).toEqual([...ours.encode(text)]);
});
