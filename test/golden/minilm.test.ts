import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { cosine, type Vector } from "../../src/embed/embedder.ts";
import { openSentenceEncoder } from "../../src/encoder/sentence-encoder.ts";
import { sha256File } from "../../src/formats/files.ts";
import { lorafitHome } from "../../src/home.ts";
import { ENCODER, pulledFolder } from "../../src/model/catalog.ts";

const golden = JSON.parse(readFileSync(new URL("minilm/expected.json", import.meta.url), "utf8")) as {
  readonly weights_sha256: string;
  readonly rows: readonly { readonly text: string; readonly float32: string }[];
};
const vectorOf = (base64: string): Vector =>
  new Float32Array(Uint8Array.from(Buffer.from(base64, "base64")).buffer);
const folder = pulledFolder(ENCODER, lorafitHome());
const missing = existsSync(folder) ? "" : ` (skipped: ${folder} is not there; lorafit pull ${ENCODER})`;

describe.skipIf(missing !== "")(`all-MiniLM-L6-v2 against transformers${missing}`, () => {
  test("vectors of 20 texts, each alone and all packed together", { timeout: 120_000 }, async () => {
    expect(sha256File(join(folder, "model.safetensors"))).toBe(golden.weights_sha256);
    const encoder = openSentenceEncoder(ENCODER, folder, { cacheDir: lorafitHome() });
    const texts = golden.rows.map(({ text }) => text);
    const packed = await encoder.embed(texts);
    const alone = (await Promise.all(texts.slice(0, 4).map((text) => encoder.embed([text])))).flat();
    for (const [i, vector] of [...packed, ...alone].entries()) {
      const expected = vectorOf(golden.rows[i % texts.length]!.float32);
      const errors = vector.map((value, at) => Math.abs(value - expected[at]!));
      expect(Math.max(...errors), texts[i % texts.length]).toBeLessThan(1e-5);
      expect(Math.abs(cosine(vector, expected) - 1), texts[i % texts.length]).toBeLessThan(1e-5);
    }
  });

  test("equal texts get equal vectors", async () => {
    const encoder = openSentenceEncoder(ENCODER, folder, { cacheDir: lorafitHome() });
    const [first, , again] = await encoder.embed(["Where is it?", "Who are you?", "Where is it?"]);
    expect(again).toEqual(first);
  });
});
