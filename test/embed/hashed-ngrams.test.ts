import { describe, expect, it } from "vitest";
import { cosine } from "../../src/embed/embedder.ts";
import { fitNgrams, hashedNgrams, ngramStatisticsSchema } from "../../src/embed/hashed-ngrams.ts";
import { createRng } from "../../src/rng.ts";
import { expectClose } from "../expect-close.ts";

const TEXTS = [
  "Can I return boots after six weeks?",
  "How long does a refund take?",
  "do your sandals run small",
  "A refund for the boots, please: a refund!",
];
// TfidfVectorizer(analyzer="char_wb", ngram_range=(3, 5), sublinear_tf=True) of scikit-learn 1.9.1 on the texts above, lower
// case and without punctuation: the products of its rows.
const EXPECTED = [
  [1, 0.008159364, 0, 0.134501028],
  [0.008159364, 1, 0.013840838, 0.320615054],
  [0, 0.013840838, 1, 0],
  [0.134501028, 0.320615054, 0, 1],
];

describe("hashed character n-grams", () => {
  it("has the cosines of scikit-learn where nothing collides", () => {
    const embedder = hashedNgrams(fitNgrams(TEXTS, 2 ** 20));
    const vectors = TEXTS.map((text) => embedder.embed(text));
    const cosines = vectors.flatMap((a) => vectors.map((b) => cosine(a, b)));
    // Entries are single precision.
    expectClose(cosines, EXPECTED.flat(), 1e-6);
  });

  it("is the same again from stored statistics, and says what it is", () => {
    const statistics = fitNgrams(TEXTS);
    const stored = ngramStatisticsSchema.parse(JSON.parse(JSON.stringify(statistics)));
    const [a, b] = [hashedNgrams(statistics), hashedNgrams(stored)];
    expect(b.embed("boots for weeks")).toEqual(a.embed("boots for weeks"));
    expect([a.name, a.dimensions]).toEqual([
      "hashed-ngrams-1 (characters 3-5 within words, 1024 buckets, tf-idf)",
      1024,
    ]);
    expect(ngramStatisticsSchema.safeParse({ ...statistics, documents: 0 }).success).toBe(false);
  });

  it("vectors have unit length, that of a text without words none", () => {
    const { embed } = hashedNgrams(fitNgrams(TEXTS));
    for (const text of [...TEXTS, "x", "尺码偏大吗"])
      expectClose([cosine(embed(text), embed(text))], [1], 1e-6);
    expect(cosine(embed("?!"), embed("boots"))).toBe(0);
  });

  it("a misspelt text is nearer to its original than any other, in a large corpus too", () => {
    const rng = createRng(5);
    const syllables = ["ba", "lo", "rin", "tek", "um", "sha", "pol", "gri"];
    const word = () => Array.from({ length: 1 + rng.int(3) }, () => syllables[rng.int(8)]!).join("");
    const corpus = Array.from({ length: 10_000 }, () => Array.from({ length: 8 }, word).join(" "));
    const { embed } = hashedNgrams(fitNgrams(corpus));
    const vectors = corpus.map(embed);
    for (const at of [0, 4_321, 9_999]) {
      const misspelt = embed(corpus[at]!.replace(/(.)(.) /, "$2$1 "));
      const cosines = vectors.map((vector) => cosine(vector, misspelt));
      expect(cosines.indexOf(Math.max(...cosines))).toBe(at);
    }
  });
});
