import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, expect, test } from "vitest";
import { openSafetensors, writeSafetensors } from "../../src/formats/safetensors.ts";
import type { LoraConfig } from "../../src/lora/config.ts";
import { loraLayout } from "../../src/lora/layout.ts";
import { readPeft, writePeft } from "../../src/lora/peft.ts";
import { openModel } from "../../src/model/open.ts";
import { tinyConfig } from "../tiny-model.ts";

const scratch = mkdtempSync(join(tmpdir(), "lorafit-peft-"));
afterAll(() => rmSync(scratch, { recursive: true }));
const golden = (name: string): string =>
  fileURLToPath(new URL(`../golden/llama-tiny/${name}`, import.meta.url));

const CONFIG: LoraConfig = {
  variant: "lora",
  rank: 4,
  alpha: 12,
  dropout: 0.1,
  rsLora: true,
  targets: ["q_proj", "down_proj"],
  rankPattern: { "layers\\.0\\..*q_proj": 2 },
  alphaPattern: { down_proj: 3 },
};

/** The modules with factors, in the order of the file: sorted by name. */
const MODULES = [0, 1].flatMap((layer) => [
  `model.layers.${layer}.mlp.down_proj`,
  `model.layers.${layer}.self_attn.q_proj`,
]);

function factors(config: LoraConfig): Map<string, { shape: readonly number[]; data: Float32Array }> {
  const { tensors } = loraLayout(tinyConfig(), config);
  return new Map(
    tensors.map(({ name, shape, offset, size }) => {
      const data = Float32Array.from({ length: size }, (_, i) => Math.sin(offset + i));
      return [name, { shape, data }];
    }),
  );
}

function written(name: string): string {
  const folder = join(scratch, name);
  writePeft(folder, {
    config: CONFIG,
    targetModules: ["q_proj", "down_proj"],
    fanInFanOut: false,
    baseName: "org/base",
    baseSha256: "ab".repeat(32),
    tensors: factors(CONFIG),
  });
  return folder;
}

/** An adapter folder whose adapter_config.json has these keys changed; undefined removes one. */
function changed(name: string, changes: Record<string, unknown>): string {
  const folder = written(name);
  const file = join(folder, "adapter_config.json");
  writeFileSync(file, JSON.stringify({ ...JSON.parse(readFileSync(file, "utf8")), ...changes }));
  return folder;
}

test.each(["qkvo", "all"])(
  "an adapter that PEFT wrote (%s): every factor has the shape that the layout gives it",
  (name) => {
    const { config, tensors } = readPeft(golden(`${name}/adapter`));
    expect(config).toMatchObject({ rank: 8, alpha: 16, dropout: 0, rsLora: false });
    const model = openModel(golden("model"), { cacheDir: scratch }).config;
    const shapes = Object.fromEntries([...tensors].map(([tensor, { shape }]) => [tensor, shape]));
    expect(shapes).toEqual(
      Object.fromEntries(loraLayout(model, config).tensors.map((t) => [t.name, t.shape])),
    );
  },
);

test("an adapter survives reading and writing", () => {
  const { peft, ...first } = readPeft(written("again"));
  expect(peft).toMatchObject({ peft_type: "LORA", r: 4 });
  expect(first).toEqual({
    config: { ...CONFIG, targets: MODULES },
    baseName: "org/base",
    baseSha256: "ab".repeat(32),
    tensors: factors(CONFIG),
  });
});

test("the folder has PEFT's form: two files, sorted keys, indent 2, format in the metadata", () => {
  const folder = written("layout");
  expect(readdirSync(folder).sort()).toEqual(["adapter_config.json", "adapter_model.safetensors"]);
  const text = readFileSync(join(folder, "adapter_config.json"), "utf8");
  const json = JSON.parse(text) as Record<string, unknown>;
  expect(text).toBe(`${JSON.stringify(json, null, 2)}\n`);
  expect(Object.keys(json)).toEqual(Object.keys(json).sort());
  expect(json).toMatchObject({
    peft_type: "LORA",
    task_type: "CAUSAL_LM",
    r: 4,
    lora_alpha: 12,
    use_rslora: true,
    inference_mode: true,
  });
  const file = openSafetensors(join(folder, "adapter_model.safetensors"));
  expect(file.metadata["format"]).toBe("pt");
  expect([...file.tensors.values()].every(({ dtype }) => dtype === "F32")).toBe(true);
});

test("absent rank and alpha are PEFT's defaults, 8 and 8", () => {
  const folder = join(scratch, "defaults");
  cpSync(golden("qkvo/adapter"), folder, { recursive: true });
  writeFileSync(
    join(folder, "adapter_config.json"),
    JSON.stringify({ peft_type: "LORA", target_modules: ["q_proj", "k_proj", "v_proj", "o_proj"] }),
  );
  expect(readPeft(folder).config).toMatchObject({ rank: 8, alpha: 8, dropout: 0, rsLora: false });
});

test.each([
  ["use_dora", true],
  ["lora_bias", true],
  ["layer_replication", [[0, 2]]],
  ["target_parameters", ["w"]],
  ["modules_to_save", ["lm_head"]],
  ["alora_invocation_tokens", [1]],
  ["use_qalora", true],
  ["trainable_token_indices", [1]],
  ["init_lora_weights", "pissa"],
  ["bias", "all"],
  ["peft_type", "LOHA"],
  ["something_new", 1],
  ["r", 0],
  ["lora_alpha", "16"],
])("%s: %j is refused by name", (key, value) => {
  expect(() => readPeft(changed(`refused-${key}`, { [key]: value }))).toThrow(
    new RegExp(`adapter_config\\.json: not a LoRA that can be read\\n[^]*${key}:`),
  );
});

test("harmless keys accept any value; null and false switch the other keys off", () => {
  const off = {
    use_dora: false,
    layer_replication: null,
    loftq_config: {},
    eva_config: { rho: 2 },
    peft_version: "9.9",
    fan_in_fan_out: true,
    init_lora_weights: "gaussian",
  };
  expect(readPeft(changed("harmless", off)).config).toEqual({ ...CONFIG, targets: MODULES });
});

test("all unsupported keys are listed in one error", () => {
  expect(() => readPeft(changed("many", { use_dora: true, use_qalora: true }))).toThrow(
    /use_dora[\s\S]*use_qalora/,
  );
});

test("ranks in the file that differ from the config are refused, each tensor by name", () => {
  expect(() => readPeft(changed("ranks", { r: 5 }))).toThrow(
    /layers\.1\.self_attn\.q_proj\.lora_A\.weight: rank 4; r and rank_pattern of .*adapter_config\.json say 5/,
  );
});

test("tensors other than factors are refused by name", () => {
  const folder = written("extra");
  const more = new Map(factors(CONFIG)).set("base_model.model.lm_head.weight", {
    shape: [1, 1],
    data: Float32Array.of(1),
  });
  writeSafetensors(join(folder, "adapter_model.safetensors"), more);
  expect(() => readPeft(folder)).toThrow(/lm_head\.weight: a saved embedding or head is not supported yet/);
});

test("a missing config, broken JSON and missing weights have their own errors", () => {
  expect(() => readPeft(join(scratch, "nowhere"))).toThrow(/adapter_config.json: no such file/);
  const folder = written("broken");
  writeFileSync(join(folder, "adapter_config.json"), "{");
  expect(() => readPeft(folder)).toThrow(/adapter_config\.json: is not JSON/);
  const empty = written("empty");
  rmSync(join(empty, "adapter_model.safetensors"));
  expect(() => readPeft(empty)).toThrow(/adapter_model\.safetensors: cannot be read/);
});

test("an expression that Python refuses is refused; one with look-around is left to the tensors", () => {
  const read = (target: string) =>
    readPeft(changed(`regex-${Buffer.from(target).toString("hex")}`, { target_modules: target }));
  expect(() => read("(q_proj")).toThrow(/target_modules: "\(q_proj" is no regular expression/);
  expect(() => read(".*(?<!x)_proj")).not.toThrow();
});
