import { execFile } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, describe, expect, it } from "vitest";
import { onnxEngine } from "../../src/engines/onnx/onnx.ts";
import { exportModel } from "../../src/export/export.ts";
import { openExported } from "../../src/export/session.ts";
import { writeSafetensors } from "../../src/formats/safetensors.ts";
import { configJson, FAMILIES } from "../../src/model/families/index.ts";
import { openModel } from "../../src/model/open.ts";
import { baseFolder } from "../export/fixture.ts";
import { randomWeights, tinyConfig } from "../tiny-model.ts";

/** The file in which each version of transformers.js has its classes by model_type. */
const TABLES = [
  ["xenova-2", "xenova-2/node_modules/@xenova/transformers/src/models.js"],
  ["huggingface", "huggingface/node_modules/@huggingface/transformers/src/models/registry.js"],
] as const;

describe.each(TABLES)("%s", (consumer, file) => {
  const path = join(import.meta.dirname, file);
  const families = FAMILIES.map((family) => [family.modelType, family] as const);
  it.skipIf(!existsSync(path)).each(families)(
    "has a class for %s as the family says",
    (modelType, family) => {
      const line = readFileSync(path, "utf8")
        .split("\n")
        .find((text) => text.includes(`'${modelType}'`) && text.includes(`'${family.architecture}'`));
      const config = tinyConfig({ model_type: modelType });
      const promised = consumer === "xenova-2" ? family.opensInTransformersJs2(config) : true;
      expect(line !== undefined).toBe(promised);
    },
  );
});

const scratch = mkdtempSync(join(tmpdir(), "lorafit-families-"));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

/** Random bases with windows shorter than the prompts, and what says it opens them. */
const BASES = {
  mistral: [{ model_type: "mistral", sliding_window: 5 }, ["@xenova/transformers 2"]],
  qwen3: [
    { model_type: "qwen3", head_dim: 10, use_sliding_window: true, sliding_window: 5, max_window_layers: 1 },
    [],
  ],
  gemma3: [{ model_type: "gemma3_text", head_dim: 10, sliding_window: 5, sliding_window_pattern: 2 }, []],
} as const;
const TREE = join(import.meta.dirname, "huggingface");
const NEW_TOKENS = 6;

describe.skipIf(!existsSync(join(TREE, "node_modules")))(
  "an export continues in @huggingface/transformers",
  () => {
    it.each(Object.entries(BASES))("%s", { timeout: 120_000 }, async (name, [changes, others]) => {
      const base = writeBase(name, changes);
      const out = join(scratch, `${name}-onnx`);
      const source = openModel(base, { cacheDir: scratch });
      const report = await exportModel({ base: source, format: "onnx", out, engine: onnxEngine });
      expect(report.opens_in).toEqual(["onnxruntime", "@huggingface/transformers", ...others]);
      const model = await openExported(out);
      const prompts = ["My order has not arrived since last week, and", "She opened"].map((text) =>
        model.tokenizer.encode(text),
      );
      const options = { maxNewTokens: NEW_TOKENS, temperature: 0, seed: 0 };
      const expected = (await model.generate(prompts, options)).map(({ ids }) => ids);
      await model.close();
      const request = join(scratch, `${name}.json`);
      const conversation = [{ role: "user", content: "Hi" }];
      writeFileSync(request, JSON.stringify({ prompts, maxNewTokens: NEW_TOKENS, conversation }));
      const run = await promisify(execFile)("node", ["run.mjs", out, request], { cwd: TREE });
      const { continuations, batched } = JSON.parse(run.stdout) as Record<string, number[][]>;
      const stops = new Set(model.tokenizer.eosIds);
      const untilStop = (rows: number[][]) => rows.map((row) => row.filter((id) => !stops.has(id)));
      expect(untilStop(continuations!)).toEqual(expected);
      expect(untilStop(batched!)).toEqual(expected);
    });
  },
);

/** A Hugging Face folder with random weights and the bundled base's tokenizer. */
function writeBase(name: string, changes: Record<string, unknown>): string {
  const folder = join(scratch, name);
  mkdirSync(folder);
  const bundled = JSON.parse(readFileSync(join(baseFolder, "config.json"), "utf8")) as Record<
    string,
    unknown
  >;
  const ids = { bos_token_id: bundled["bos_token_id"], eos_token_id: bundled["eos_token_id"] };
  const config = tinyConfig({ ...changes, ...ids, vocab_size: bundled["vocab_size"] });
  writeFileSync(join(folder, "config.json"), JSON.stringify(configJson(config)));
  for (const file of ["tokenizer.json", "tokenizer_config.json", "generation_config.json"])
    cpSync(join(baseFolder, file), join(folder, file));
  const weights = randomWeights(config) as Record<string, { shape: readonly number[]; data: Float32Array }>;
  writeSafetensors(join(folder, "model.safetensors"), weights);
  return folder;
}
