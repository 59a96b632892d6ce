import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { onnxEngine } from "../../src/engines/onnx/onnx.ts";
import { exportModel } from "../../src/export/export.ts";
import { type ExportedModel, openExported } from "../../src/export/session.ts";
import { openModel } from "../../src/model/open.ts";
import { baseFolder } from "./fixture.ts";

const scratch = mkdtempSync(join(tmpdir(), "lorafit-session-"));
let model: ExportedModel;
let prompts: number[][];

beforeAll(async () => {
  const base = openModel(baseFolder, { cacheDir: scratch });
  await exportModel({ base, format: "onnx", out: join(scratch, "base"), engine: onnxEngine });
  model = await openExported(join(scratch, "base"));
  const texts = [
    "Hi",
    "The box was open when",
    "She asked whether the",
    "Thank you so much for the quick answer; I will",
    "No",
  ];
  prompts = texts.map((text) => model.tokenizer.encode(text));
});
afterAll(async () => {
  await model?.close();
  rmSync(scratch, { recursive: true, force: true });
});

it("gives the same continuations for every batch size, greedy and seeded", async () => {
  for (const temperature of [0, 0.9]) {
    const options = { maxNewTokens: 20, temperature, seed: 11 };
    const single = await model.generate(prompts, { ...options, batchSize: 1 });
    expect(await model.generate(prompts, { ...options, batchSize: 2 })).toEqual(single);
    expect(await model.generate(prompts, options)).toEqual(single);
  }
});

it("draws other tokens with another seed, and independent ones for the rows of one call", async () => {
  const same = [prompts[1]!, prompts[1]!];
  const options = { maxNewTokens: 20, temperature: 1, seed: 1 };
  const [first, second] = await model.generate(same, options);
  expect(first).not.toEqual(second);
  expect((await model.generate(same, { ...options, seed: 2 }))[0]).not.toEqual(first);
});

it("ends a row at a stop token without reporting it, and continues the others", async () => {
  const chats = ["Hello", "What time is it?", "Tell me a long story about a fox."].map((content) =>
    model.tokenizer.encode(
      model.tokenizer.renderChat([{ role: "user", content }], { addGenerationPrompt: true }),
    ),
  );
  const answers = await model.generate(chats, { maxNewTokens: 80, temperature: 0, seed: 0 });
  for (const [i, { ids, finish }] of answers.entries()) {
    expect(ids.some((id) => model.tokenizer.eosIds.includes(id))).toBe(false);
    const [logits] = await model.logits([[...chats[i]!, ...ids]]);
    const last = logits!.subarray(-model.config.vocabSize);
    const stops = model.tokenizer.eosIds.includes(last.indexOf(Math.max(...last)));
    if (finish === "stop") expect(stops).toBe(true);
    else expect(ids.length).toBe(80);
  }
  expect(answers.some(({ finish }) => finish === "stop")).toBe(true);
  expect(new Set(answers.map(({ ids }) => ids.length)).size).toBeGreaterThan(1);
});

it("stops at the end of the context and refuses a prompt that fills it", async () => {
  const { maxPositions } = model.config;
  const long = Array.from({ length: maxPositions - 2 }, (_, i) => 100 + (i % 50));
  const [answer] = await model.generate([long], { maxNewTokens: 50, temperature: 1, seed: 5 });
  expect(answer!.ids.length).toBeLessThanOrEqual(2);
  const options = { maxNewTokens: 1, temperature: 0, seed: 0 };
  await expect(model.generate([[1], [...long, 1, 1]], options)).rejects.toMatchObject({
    kind: "data",
    message: expect.stringContaining("prompt 2"),
  });
  await expect(model.generate([[]], options)).rejects.toMatchObject({ kind: "data" });
});

it("stops when aborted", async () => {
  const control = new AbortController();
  const seen: number[] = [];
  const run = model.generate(prompts, {
    maxNewTokens: 200,
    temperature: 1,
    seed: 0,
    signal: control.signal,
    onToken: (_, id) => {
      seen.push(id);
      if (seen.length === 12) control.abort(new Error("enough"));
    },
  });
  await expect(run).rejects.toThrow("enough");
  expect(seen.length).toBeLessThan(12 + prompts.length);
});

it("sums the log-likelihood of the scored tokens for every batch size", async () => {
  const rows = prompts.map((ids, i) => ({ ids, from: i % 3 }));
  const scores = await model.logLikelihood(rows);
  const V = model.config.vocabSize;
  for (const [r, { ids, from }] of rows.entries()) {
    const [logits] = await model.logits([ids]);
    let [sum, count] = [0, 0];
    for (let t = Math.max(1, from); t < ids.length; t++) {
      const row = Array.from(logits!.subarray((t - 1) * V, t * V));
      const largest = Math.max(...row);
      sum += row[ids[t]!]! - largest - Math.log(row.reduce((total, x) => total + Math.exp(x - largest), 0));
      count++;
    }
    expect(scores[r]!.count).toBe(count);
    expect(scores[r]!.sum).toBeCloseTo(sum, 3);
  }
  expect(await model.logLikelihood([{ ids: [5], from: 0 }])).toEqual([{ sum: 0, count: 0 }]);
});

it("scores rows longer than one chunk of logits", async () => {
  // 12 rows of 700 positions are 34 million logits, above the budget for one run.
  const rows = Array.from({ length: 12 }, (_, r) =>
    Array.from({ length: 700 - r }, (_, i) => 50 + ((i * (r + 3)) % 900)),
  );
  const together = await model.logLikelihood(
    rows.map((ids) => ({ ids, from: 690 })),
    { batchSize: 12 },
  );
  const [alone] = await model.logLikelihood([{ ids: rows[7]!, from: 690 }]);
  expect(together[7]!.sum).toBeCloseTo(alone!.sum, 2);
  expect(together[7]!.count).toBe(3);
});
