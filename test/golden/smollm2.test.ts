import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { selectEngine } from "../../src/engines/select.ts";
import { openForGeneration } from "../../src/export/open-model.ts";
import { sha256File } from "../../src/formats/files.ts";
import { lorafitHome } from "../../src/home.ts";
import { pulledFolder } from "../../src/model/catalog.ts";
import { openModel } from "../../src/model/open.ts";
import type { Message } from "../../src/tokens/chat-template.ts";
import { loadTokenizer } from "../../src/tokens/tokenizer.ts";

interface Golden {
  readonly gguf_sha256: string;
  readonly rows: readonly {
    readonly messages: readonly Message[];
    readonly ids: readonly number[];
    readonly greedy: readonly number[];
    /** Gap of the two best logits before each token. */
    readonly gaps: readonly number[];
  }[];
}

const golden = JSON.parse(readFileSync(new URL("smollm2/expected.json", import.meta.url), "utf8")) as Golden;
const folder = pulledFolder("smollm2-135m-instruct", lorafitHome());
const gguf = join(folder, "SmolLM2-135M-Instruct.Q4_1.gguf");
const missing = existsSync(gguf)
  ? ""
  : ` (skipped: ${gguf} is not there; lorafit pull smollm2-135m-instruct)`;
/** Gap below which the summation order decides which token is best. */
const NEAR_TIE = 1e-4;
/** `<|im_end|>` */
const END_OF_TURN = 2;

describe.skipIf(missing !== "")(`SmolLM2-135M-Instruct against transformers${missing}`, () => {
  test("prompts, rendered and tokenised by what is rebuilt from the GGUF", async () => {
    expect(sha256File(gguf)).toBe(golden.gguf_sha256);
    const tokenizer = await loadTokenizer(openModel(folder, { cacheDir: lorafitHome() }).tokenizerFiles());
    for (const { messages, ids } of golden.rows) {
      expect(tokenizer.encode(tokenizer.renderChat(messages, { addGenerationPrompt: true }))).toEqual(ids);
    }
  });

  test("greedy answers through the ONNX export", { timeout: 600_000 }, async () => {
    const { engine } = await selectEngine("onnx");
    const model = await openForGeneration(folder, { cacheDir: lorafitHome(), engine });
    try {
      const prompts = golden.rows.map(({ ids }) => ids);
      const answers = await model.generate(prompts, { maxNewTokens: 32, temperature: 0, seed: 0 });
      for (const [i, { greedy, gaps }] of golden.rows.entries()) {
        const tie = gaps.findIndex((gap) => gap < NEAR_TIE);
        const sure = tie < 0 ? greedy : greedy.slice(0, tie);
        const { ids, finish } = answers[i]!;
        // generate() does not return the stop token.
        const whole = finish === "stop" ? [...ids, END_OF_TURN] : ids;
        expect(whole.slice(0, sure.length), `prompt ${i + 1}`).toEqual(sure);
      }
    } finally {
      await model.close();
    }
  });
});
