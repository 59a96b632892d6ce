import { cpSync, mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { cosine } from "../../src/embed/embedder.ts";
import { ngramEmbedder } from "../../src/embed/hashed-ngrams.ts";
import { packTexts } from "../../src/encoder/packing.ts";
import { openSentenceEncoder } from "../../src/encoder/sentence-encoder.ts";
import { embedderFor } from "../../src/encoder/task-embedder.ts";
import { writeSafetensors } from "../../src/formats/safetensors.ts";
import { ENCODER, pulledFolder, resolveModel } from "../../src/model/catalog.ts";
import { parseModelConfig } from "../../src/model/families/index.ts";
import { openModel } from "../../src/model/open.ts";
import { hiddenProgram, modelWeights, refuseEncoder, withLogits } from "../../src/model/programs.ts";
import { createRng } from "../../src/rng.ts";
import { expectClose } from "../expect-close.ts";
import { thrown } from "../task/fixture.ts";

const CONFIG = {
  ...{
    model_type: "bert",
    hidden_act: "gelu",
    hidden_size: 8,
    intermediate_size: 12,
    num_attention_heads: 2,
  },
  ...{
    num_hidden_layers: 2,
    max_position_embeddings: 10,
    type_vocab_size: 2,
    vocab_size: 12,
    layer_norm_eps: 1e-12,
  },
};
const SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]"];
const WORDS = [...SPECIAL, "where", "is", "my", "order", "shoe", "##s", "?", "red"];
const TEXTS = ["Where is my order?", "red shoes", "", "Shoes shoes shoes shoes shoes shoes shoes", "[SEP]"];

/** A home with a tiny random encoder in place of all-minilm-l6-v2. */
function homeWithEncoder(config: object = CONFIG): { home: string; folder: string } {
  const home = mkdtempSync(join(tmpdir(), "encoder-"));
  const folder = pulledFolder(ENCODER, home);
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "config.json"), JSON.stringify(config));
  const tokenizer = {
    version: "1.0",
    added_tokens: SPECIAL.map((content, id) => ({
      ...{ id, content, special: true, single_word: false, lstrip: false, rstrip: false, normalized: false },
    })),
    normalizer: {
      ...{ type: "BertNormalizer", clean_text: true, handle_chinese_chars: true, strip_accents: null },
      lowercase: true,
    },
    pre_tokenizer: { type: "BertPreTokenizer" },
    post_processor: null,
    decoder: { type: "WordPiece", prefix: "##", cleanup: true },
    model: {
      ...{ type: "WordPiece", unk_token: "[UNK]", continuing_subword_prefix: "##" },
      ...{ max_input_chars_per_word: 100, vocab: Object.fromEntries(WORDS.map((word, id) => [word, id])) },
    },
  };
  writeFileSync(join(folder, "tokenizer.json"), JSON.stringify(tokenizer));
  const rng = createRng("encoder");
  const weights = modelWeights(parseModelConfig(CONFIG, "intact"));
  // Files of sentence-transformers hold a BertModel, whose names lack the prefix.
  const tensors = weights.map(
    ({ name, shape }): [string, { shape: readonly number[]; data: Float32Array }] => {
      const size = shape.reduce((product, d) => product * d, 1);
      const data = Float32Array.from({ length: size }, () => rng.normal());
      return [name.replace(/^bert\./, ""), { shape, data }];
    },
  );
  writeSafetensors(join(folder, "model.safetensors"), new Map(tensors));
  return { home, folder };
}

test("a text has the same vector of unit length alone and packed among others", async () => {
  const { home } = homeWithEncoder();
  const encoder = embedderFor(home);
  const together = await encoder.embed(TEXTS);
  for (const [i, text] of TEXTS.entries()) {
    const [alone] = await encoder.embed([text]);
    expectClose(together[i]!, alone!, 1e-5, text);
    expect(cosine(alone!, alone!)).toBeCloseTo(1, 5);
  }
  expect(cosine(together[0]!, together[1]!)).toBeLessThan(0.999);
});

test("a control token in a text is text, and a long text is cut", async () => {
  const { home } = homeWithEncoder();
  const [spelt, unknown, long, longer] = await embedderFor(home).embed([
    "[SEP]",
    "[ sep ]",
    "red ".repeat(8),
    "red ".repeat(80),
  ]);
  expectClose(spelt!, unknown!, 1e-5, "control token");
  expectClose(long!, longer!, 1e-5, "cut");
});

test("n-grams are the embedder until the encoder has been pulled, and the names differ", () => {
  expect(embedderFor(mkdtempSync(join(tmpdir(), "empty-")))).toBe(ngramEmbedder);
  const { home, folder } = homeWithEncoder();
  expect(embedderFor(home).name).toMatch(/^all-minilm-l6-v2 \([0-9a-f]{12},/);
  const other = homeWithEncoder();
  cpSync(join(folder, "config.json"), join(other.folder, "config.json"));
  expect(embedderFor(other.home).name).toBe(embedderFor(home).name);
  writeFileSync(join(other.folder, "config.json"), JSON.stringify({ ...CONFIG, layer_norm_eps: 1e-5 }));
  expect(embedderFor(other.home).name).not.toBe(embedderFor(home).name);
});

test.each([
  [{ model_type: "t5" }, /config\.json: model_type "t5" is not supported/],
  [{ hidden_act: "relu" }, /hidden_act: "relu" is not supported/],
  [{ position_embedding_type: "relative_key" }, /position_embedding_type/],
  [{ num_hidden_layers: 3 }, /encoder\.layer\.2\.attention\.self\.query\.weight: missing/],
  [{ vocab_size: 13 }, /word_embeddings\.weight: shape \[12, 8\], config\.json says \[13, 8\]/],
])("a config with %j that the files do not fit is refused", (change, message) => {
  const { home, folder } = homeWithEncoder({ ...CONFIG, ...change });
  const error = thrown(() => openSentenceEncoder(ENCODER, folder, { cacheDir: home }));
  expect(error.exitCode).toBe(3);
  expect(error.message).toMatch(message);
});

test("the encoder is refused as a base", () => {
  const { home } = homeWithEncoder();
  expect(() => resolveModel(ENCODER, { home })).toThrow(/cannot be trained/);
});

test("an encoder by its path is refused where a next token is to be predicted", () => {
  const { folder } = homeWithEncoder();
  const { config } = openModel(folder, { cacheDir: folder });
  const error = thrown(() => refuseEncoder(config, folder));
  expect([error.exitCode, error.message]).toEqual([
    2,
    `${folder}: bert is an encoder: it predicts no next token`,
  ]);
  expect(() => withLogits(config, hiddenProgram(config, 1, 4))).toThrow(/is an encoder/);
});

test("texts are packed into rows, longest first, none over another", () => {
  const lengths = [3, 7, 2, 5, 10, 1];
  const rows = packTexts(lengths, 10);
  expect(rows.map(({ texts }) => texts.map(({ index }) => index))).toEqual([[4], [1, 0], [3, 2, 5]]);
  expect(rows[2]!.texts.map(({ start }) => start)).toEqual([0, 5, 7]);
});
