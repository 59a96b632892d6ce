import { execFile } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { onnxEngine } from "../../src/engines/onnx/onnx.ts";
import { exportModel } from "../../src/export/export.ts";
import { type ExportedModel, openExported } from "../../src/export/session.ts";
import { openModel } from "../../src/model/open.ts";
import { baseFolder, greedyByTraining, writeTestAdapter } from "../export/fixture.ts";

const CONSUMERS = ["xenova-2", "huggingface"];
const NEW_TOKENS = 12;
const CONVERSATION = [
  { role: "user", content: "Do the boots run small? I wear 42½." },
  { role: "assistant", content: "Take half a size up." },
  { role: "user", content: "Gern, danke!" },
] as const;
const STARTS = [
  "The",
  "Hello, I would like",
  "My order has not",
  "Can I return",
  "She opened the door and",
  "Q: What is 2 + 2?\nA:",
  "In 1969",
  "Thank you for",
  "The capital of France",
  "Once upon a time, there was a little",
  "Please tell me how",
  "I bought these shoes last week, but",
  "Dear customer,",
  "It was raining, so",
  "How long does",
  "Yes, you can",
  "The veteran's benefits office",
  "A good book",
  "1, 2, 3, 4,",
  "If the box is damaged when it arrives, then",
];

const scratch = mkdtempSync(join(tmpdir(), "lorafit-interop-"));
const folder = join(scratch, "tuned");
const external = join(scratch, "external");
let model: ExportedModel;
let prompts: number[][];
let expected: number[][];

beforeAll(async () => {
  const base = openModel(baseFolder, { cacheDir: scratch });
  const adapter = writeTestAdapter(base, join(scratch, "adapter"));
  const options = { base, adapter: join(scratch, "adapter"), format: "onnx", engine: onnxEngine };
  await exportModel({ ...options, out: folder });
  await exportModel({ ...options, out: external, singleFileBytes: 1e6 });
  model = await openExported(folder);
  prompts = STARTS.map((text) => model.tokenizer.encode(text));
  expected = await greedyByTraining(base, adapter, prompts, NEW_TOKENS);
  writeFileSync(
    join(scratch, "request.json"),
    JSON.stringify({ prompts, maxNewTokens: NEW_TOKENS, conversation: CONVERSATION }),
  );
});
afterAll(async () => {
  await model?.close();
  rmSync(scratch, { recursive: true, force: true });
});

/** Token ids before the stop token. */
function untilStop(ids: number[]): number[] {
  const end = ids.findIndex((id) => model.tokenizer.eosIds.includes(id));
  return end < 0 ? ids : ids.slice(0, end);
}

describe("20 prompts, greedy, as the training engine continues them", () => {
  it("onnxruntime-node, in batches", async () => {
    const answers = await model.generate(prompts, {
      maxNewTokens: NEW_TOKENS,
      temperature: 0,
      seed: 0,
      batchSize: 8,
    });
    expect(answers.map(({ ids }) => ids)).toEqual(expected.map(untilStop));
  });

  for (const consumer of CONSUMERS) {
    const tree = join(import.meta.dirname, consumer);
    const installed = existsSync(join(tree, "node_modules"));
    if (!installed)
      console.warn(`skipped: ${consumer} is not installed (cd test/interop/${consumer} && npm ci)`);
    it.skipIf(!installed)(consumer, async () => {
      const found = await consume(tree, folder);
      expect(found.continuations.map(untilStop)).toEqual(expected.map(untilStop));
      if (found.batched !== undefined) expect(found.batched.map(untilStop)).toEqual(expected.map(untilStop));
      const { tokenizer } = model;
      const rendered = tokenizer.renderChat(CONVERSATION, { addGenerationPrompt: true });
      expect(found.rendered).toEqual(tokenizer.encode(rendered));
    });
    // Version 2 reads no external data.
    it.skipIf(!installed || consumer === "xenova-2")(
      `${consumer}, weights in a file of their own`,
      async () => {
        const found = await consume(tree, external);
        expect(found.continuations.map(untilStop)).toEqual(expected.map(untilStop));
      },
    );
  }
});

interface Consumed {
  continuations: number[][];
  batched?: number[][];
  rendered: number[];
}

async function consume(tree: string, exported: string): Promise<Consumed> {
  const run = promisify(execFile)("node", ["run.mjs", exported, join(scratch, "request.json")], {
    cwd: tree,
  });
  return JSON.parse((await run).stdout) as Consumed;
}
