import {
  cpSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { onnxEngine } from "../../src/engines/onnx/onnx.ts";
import { type ExportOptions, type ExportReport, exportModel } from "../../src/export/export.ts";
import { openForGeneration } from "../../src/export/open-model.ts";
import { openExported } from "../../src/export/session.ts";
import { streamChat } from "../../src/export/stream.ts";
import type { Comparison } from "../../src/export/verify/verify.ts";
import { verifyExport } from "../../src/export/verify/verify.ts";
import type { Adapter } from "../../src/lora/adapter.ts";
import { readPeft, writePeft } from "../../src/lora/peft.ts";
import { openModel } from "../../src/model/open.ts";
import type { WeightSource } from "../../src/model/weights.ts";
import { loadTokenizer } from "../../src/tokens/tokenizer.ts";
import { baseFolder, writeTestAdapter } from "./fixture.ts";

const scratch = mkdtempSync(join(tmpdir(), "lorafit-export-"));
const at = (name: string): string => join(scratch, name);
let base: WeightSource;
let adapter: Adapter;
const reports: Record<string, ExportReport> = {};

const write = (format: string, out: string, more: Partial<ExportOptions> = {}): Promise<ExportReport> =>
  exportModel({ base, adapter: at("adapter"), format, out: at(out), engine: onnxEngine, ...more });

beforeAll(async () => {
  base = openModel(baseFolder, { cacheDir: at("cache") });
  adapter = writeTestAdapter(base, at("adapter"));
  const { adapter: _, ...baseOnly } = {
    base,
    adapter: "",
    format: "onnx",
    out: at("base"),
    engine: onnxEngine,
  };
  reports["base"] = await exportModel(baseOnly);
  reports["tuned"] = await write("onnx", "tuned");
  reports["swap"] = await write("onnx-adapter", "swap");
});
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

it("writes the file names of every transformers.js version, as hard links of one file", () => {
  const files = readdirSync(at("tuned"), { recursive: true }).sort();
  expect(files).toEqual([
    "config.json",
    "export.json",
    "generation_config.json",
    "onnx",
    "onnx/decoder_model_merged.onnx",
    "onnx/model.onnx",
    "tokenizer.json",
    "tokenizer_config.json",
  ]);
  expect(statSync(at("tuned/onnx/decoder_model_merged.onnx")).ino).toBe(
    statSync(at("tuned/onnx/model.onnx")).ino,
  );
  const generation = JSON.parse(readFileSync(at("tuned/generation_config.json"), "utf8"));
  expect(generation.eos_token_id).toEqual(expect.arrayContaining([0, 2]));
  expect(JSON.parse(readFileSync(at("tuned/tokenizer_config.json"), "utf8")).chat_template).toContain(
    "<|im_start|>",
  );
});

it("agrees with the training engine and records it in export.json", () => {
  for (const name of ["base", "tuned", "swap"]) {
    const report = JSON.parse(readFileSync(at(`${name}/export.json`), "utf8")) as ExportReport;
    const comparison = report.comparison as Comparison | null;
    expect(comparison).toEqual(reports[name]!.comparison);
    expect(comparison!.max_logit_difference).toBeLessThan(1e-4);
    expect(comparison!.batch_difference).toBeLessThan(1e-4);
    expect(comparison!.greedy.agreed).toBe(comparison!.greedy.clear);
    expect(comparison!.greedy.clear).toBeGreaterThan(10);
    expect(comparison!.conversation_tokens).toBeGreaterThan(20);
  }
  expect(reports["base"]!.comparison!.adapter_effect).toBeNull();
  expect(reports["tuned"]!.comparison!.adapter_effect).toBeGreaterThan(0.01);
});

it("swaps adapters in one graph: rank 0 is the base exactly, a PEFT folder gives what the exported file gives", async () => {
  const open = (folder: string, options = {}) => openExported(at(folder), options);
  const models = await Promise.all([
    open("base"),
    open("swap"),
    open("swap", { adapter: at("swap") }),
    open("swap", { adapter: at("adapter") }),
  ]);
  const rows = [models[0].tokenizer.encode("The shop opens at ten, and it closes")];
  const [plain, rank0, exported, peft] = await Promise.all(
    models.map(async (model) => (await model.logits(rows))[0]!),
  );
  expect(rank0).toEqual(plain);
  expect(peft).toEqual(exported);
  expect(exported).not.toEqual(plain);
  const hashes = models.map((model) => model.sha256);
  expect(hashes[2]).toBe(hashes[3]);
  expect(new Set(hashes).size).toBe(3);
  await Promise.all(models.map((model) => model.close()));
});

it("writes weights above the limit of one file to an external file", async () => {
  const { comparison } = await write("onnx", "external", { singleFileBytes: 1e6 });
  expect(comparison!.max_logit_difference).toBeLessThan(1e-4);
  expect(readdirSync(at("external/onnx")).sort()).toEqual(["model.onnx", "model.onnx_data"]);
  expect(statSync(at("external/onnx/model.onnx")).size).toBeLessThan(1e6);
});

it("copies PEFT factors bit by bit", async () => {
  await write("peft", "peft");
  const [from, to] = [readPeft(at("adapter")), readPeft(at("peft"))];
  expect(to).toEqual(from);
});

it("deletes an export that differs from the trained model", async () => {
  const model = await openExported(at("base"));
  const tokenizer = await loadTokenizer(base.tokenizerFiles());
  const wrong = verifyExport(model, { config: base.config, weights: base, tokenizer, adapter }, onnxEngine);
  await expect(wrong).rejects.toMatchObject({
    kind: "mismatch",
    message: expect.stringContaining("logits differ"),
  });
  await model.close();
});

it("refuses unknown formats and adapters of another base, and leaves no folder", async () => {
  await expect(write("mlx", "no")).rejects.toMatchObject({
    kind: "usage",
    message: expect.stringContaining("not implemented"),
  });
  await expect(write("zip", "no")).rejects.toMatchObject({
    kind: "usage",
    message: expect.stringContaining("unknown"),
  });
  await expect(write("onnx", "adapter")).rejects.toMatchObject({ kind: "usage" });
  const { config, tensors } = readPeft(at("adapter"));
  const factors = new Map(
    [...tensors].map(([name, { shape, data }]) => [name, { shape, data: Float32Array.from(data) }]),
  );
  const foreign = {
    config,
    targetModules: config.targets as string[],
    fanInFanOut: false,
    baseName: "other",
    baseSha256: "00",
    tensors: factors,
  };
  writePeft(at("foreign"), foreign);
  await expect(write("onnx", "no", { adapter: at("foreign") })).rejects.toMatchObject({ kind: "mismatch" });
  await expect(openExported(at("swap"), { adapter: at("foreign") })).rejects.toMatchObject({
    kind: "mismatch",
  });
  await expect(openExported(at("base"), { adapter: at("adapter") })).rejects.toMatchObject({
    kind: "mismatch",
  });
  await expect(openExported(at("nowhere"))).rejects.toMatchObject({
    kind: "data",
    message: expect.stringContaining("config.json"),
  });
  expect(existsSync(at("no"))).toBe(false);
  expect(readdirSync(scratch).filter((name) => name.includes(".tmp"))).toEqual([]);
});

it("a base with other tokenizer files is not served with the tokenizer and template of a cached one", async () => {
  const other = at("other-template");
  cpSync(baseFolder, other, { recursive: true });
  const file = join(other, "tokenizer_config.json");
  const config = JSON.parse(readFileSync(file, "utf8"));
  writeFileSync(file, JSON.stringify({ ...config, chat_template: "{{ messages[0].content }}|" }));
  const options = { cacheDir: at("cache"), engine: onnxEngine };
  const [first, second] = [
    await openForGeneration(baseFolder, options),
    await openForGeneration(other, options),
  ];
  const rendered = ({ tokenizer }: typeof first) =>
    tokenizer.encode(
      tokenizer.renderChat([{ role: "user", content: "Hello" }], { addGenerationPrompt: true }),
    );
  expect(rendered(second)).not.toEqual(rendered(first));
  expect(rendered(second)).toEqual(second.tokenizer.encode("Hello|"));
  rmSync(other, { recursive: true });
  await expect(openForGeneration(other, options)).rejects.toMatchObject({ kind: "data" });
});

it("generates with a base and any adapter through one cached graph", async () => {
  const options = { cacheDir: at("cache"), engine: onnxEngine };
  const tuned = await openForGeneration(baseFolder, { ...options, adapter: at("adapter") });
  const [cached] = readdirSync(at("cache/hot-swap"));
  const written = statSync(at(`cache/hot-swap/${cached}/onnx/model.onnx`)).mtimeMs;
  const again = await openForGeneration(baseFolder, options);
  expect(statSync(at(`cache/hot-swap/${cached}/onnx/model.onnx`)).mtimeMs).toBe(written);
  const merged = await openForGeneration(at("tuned"), options);
  const rows = [merged.tokenizer.encode("Where can I find my")];
  const [a] = await tuned.logits(rows);
  const [b] = await merged.logits(rows);
  const largest = Math.max(...b!.map(Math.abs));
  expect(Math.max(...a!.map((x, i) => Math.abs(x - b![i]!)))).toBeLessThan(1e-4 * largest);

  const deltas: string[] = [];
  let end: object | undefined;
  const decoding = { maxNewTokens: 12, temperature: 0.8, seed: 3 };
  for await (const event of streamChat(again, [{ role: "user", content: "Hello!" }], decoding)) {
    if (event.type === "text") deltas.push(event.delta);
    else end = event;
  }
  const prompt = again.tokenizer.encode(
    again.tokenizer.renderChat([{ role: "user", content: "Hello!" }], { addGenerationPrompt: true }),
  );
  const [whole] = await again.generate([prompt], decoding);
  expect(deltas.join("")).toBe(again.tokenizer.decode(whole!.ids, { skipSpecial: true }));
  expect(end).toEqual({ type: "end", finish: whole!.finish, tokens: whole!.ids.length });
  await Promise.all([tuned, again, merged].map((model) => model.close()));
});
