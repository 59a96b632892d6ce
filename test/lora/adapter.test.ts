import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeEach, expect, test } from "vitest";
import { WARNINGS } from "../../src/errors.ts";
import { writeSafetensors } from "../../src/formats/safetensors.ts";
import { adapterOn, warnOfGaps } from "../../src/lora/adapter.ts";
import { readPeft } from "../../src/lora/peft.ts";
import { tinyConfig } from "../tiny-model.ts";

const scratch = mkdtempSync(join(tmpdir(), "lorafit-adapter-"));
afterAll(() => rmSync(scratch, { recursive: true }));
const published: unknown[] = [];
const listen = (text: unknown): unknown => published.push(text);
beforeEach(() => {
  published.length = 0;
  subscribe(WARNINGS, listen);
});
afterEach(() => unsubscribe(WARNINGS, listen));

const { hiddenSize, heads, headDim } = tinyConfig();
const Q = "base_model.model.model.layers.0.self_attn.q_proj";
const A = { shape: [2, hiddenSize], data: new Float32Array(2 * hiddenSize).fill(0.1) };
const B = { shape: [heads * headDim, 2], data: new Float32Array(heads * headDim * 2).fill(0.1) };

let count = 0;
function folder(config: object, tensors: Parameters<typeof writeSafetensors>[1]): string {
  const path = mkdtempSync(join(scratch, `${count++}-`));
  const json = { peft_type: "LORA", r: 2, lora_alpha: 4, target_modules: ["q_proj"], ...config };
  writeFileSync(join(path, "adapter_config.json"), JSON.stringify(json));
  writeSafetensors(join(path, "adapter_model.safetensors"), tensors);
  return path;
}
const open = (path: string) => adapterOn(tinyConfig(), readPeft(path), path);
const factors = { [`${Q}.lora_A.weight`]: A, [`${Q}.lora_B.weight`]: B };

test("a target without factors is left as in the base, with a warning that names it, as in PEFT", () => {
  const { layout } = open(folder({}, factors));
  expect(layout.modules.map(({ module }) => module)).toEqual(["model.layers.0.self_attn.q_proj"]);
  expect(published).toEqual([
    expect.stringMatching(
      /target_modules names modules without factors .*: model\.layers\.1\.self_attn\.q_proj$/,
    ),
  ]);
});

test("a target that no layer has is named as well; an adapter with all its factors gives no warning", () => {
  open(folder({ target_modules: ["q_proj", "w_pack"], layers_to_transform: [0] }, factors));
  expect(published).toEqual([expect.stringMatching(/: w_pack$/)]);
  published.length = 0;
  open(folder({ layers_to_transform: [0] }, factors));
  expect(published).toEqual([]);
});

test("without a base, the modules of the file are expected in each of its layers", () => {
  const other = (name: string): string =>
    name.replace("layers.0.self_attn.q_proj", "layers.1.self_attn.v_proj");
  const both = { ...factors, [other(`${Q}.lora_A.weight`)]: A, [other(`${Q}.lora_B.weight`)]: B };
  const path = folder({ target_modules: ["q_proj", "v_proj"] }, both);
  warnOfGaps(readPeft(path), path);
  expect(published).toEqual([
    expect.stringMatching(/: model\.layers\.1\.self_attn\.q_proj, model\.layers\.0\.self_attn\.v_proj$/),
  ]);
});

test("a factor without its other half is refused, and so are factors of the head", () => {
  expect(() => open(folder({}, { [`${Q}.lora_A.weight`]: A }))).toThrow(
    expect.objectContaining({
      kind: "data",
      message: expect.stringContaining(`${Q}.lora_B.weight: missing`),
    }),
  );
  const head = "base_model.model.lm_head.lora_A.weight";
  expect(() => open(folder({ target_modules: ["q_proj", "lm_head"] }, { ...factors, [head]: A }))).toThrow(
    `${head}: factors of the head are not supported yet`,
  );
});

test.each([1e38, 1e308])("lora_alpha %d is refused: the forward pass would overflow", (alpha) => {
  expect(() => open(folder({ lora_alpha: alpha }, factors))).toThrow(
    expect.objectContaining({
      kind: "data",
      message: expect.stringMatching(/q_proj: the adapter changes its weight by up to/),
    }),
  );
});

test("a rank that no tensor could hold is refused", () => {
  const path = folder({ r: 2 ** 30 }, factors);
  expect(() => open(path)).toThrow(/r: Too big/);
});
