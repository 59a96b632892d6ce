import { expect, test } from "vitest";
import { factorsByModule, scaleFactors } from "../../src/lora/flat.ts";
import { initialFactors } from "../../src/lora/initial.ts";
import { inputName, loraLayout, parsePeftName } from "../../src/lora/layout.ts";
import { peftTargets } from "../../src/lora/targets.ts";
import { TINY_LORA, tinyConfig } from "../tiny-model.ts";

const model = tinyConfig();
const layoutOf = (targets: typeof TINY_LORA.targets, changes: object = {}) =>
  loraLayout(model, { ...TINY_LORA, targets, ...changes });
const noBase = {
  read(): Float32Array {
    throw new Error("LoRA starts without the base's weights");
  },
};

test("tensors are contiguous: all A in forward order, then all B", () => {
  const { tensors, groups, size, modules } = layoutOf(["v_proj", "down_proj"], {
    rankPattern: { v_proj: 2 },
  });
  expect(
    tensors.map(({ name, shape }) => [name.replace("base_model.model.model.layers.", ""), shape]),
  ).toEqual([
    ["0.self_attn.v_proj.lora_A.weight", [2, 24]],
    ["0.mlp.down_proj.lora_A.weight", [3, 28]],
    ["1.self_attn.v_proj.lora_A.weight", [2, 24]],
    ["1.mlp.down_proj.lora_A.weight", [3, 28]],
    ["0.self_attn.v_proj.lora_B.weight", [12, 2]],
    ["0.mlp.down_proj.lora_B.weight", [24, 3]],
    ["1.self_attn.v_proj.lora_B.weight", [12, 2]],
    ["1.mlp.down_proj.lora_B.weight", [24, 3]],
  ]);
  let offset = 0;
  for (const tensor of tensors) {
    expect([tensor.name, tensor.offset]).toEqual([tensor.name, offset]);
    offset += tensor.shape[0]! * tensor.shape[1]!;
  }
  expect(size).toBe(offset);
  expect(groups.map((group) => [group.factor.kind, group.offset, group.size])).toEqual([
    ["A", 0, 2 * (2 * 24 + 3 * 28)],
    ["B", 2 * (2 * 24 + 3 * 28), 2 * (12 * 2 + 24 * 3)],
  ]);
  expect(modules.map(({ rank, scale }) => [rank, scale])).toEqual([
    [2, 3],
    [3, 2],
    [2, 3],
    [3, 2],
  ]);
});

test("a tensor name of PEFT is parsed into module and factor, and names the input of a hot-swap graph", () => {
  const { variant, tensors } = layoutOf("all-linear");
  for (const tensor of tensors) {
    const parsed = parsePeftName(variant, tensor.name);
    expect([parsed?.module, parsed?.factor.kind]).toEqual([tensor.module, tensor.kind]);
    expect(inputName(tensor)).toBe(`${tensor.module}.lora_${tensor.kind}.weight`);
  }
  for (const name of [
    "model.q_proj.lora_A.weight",
    "base_model.model.q_proj.lora_C.weight",
    "base_model.model.",
  ])
    expect(parsePeftName(variant, name)).toBeNull();
});

test("an unknown target is refused with the nearest name; the attention targets are the family's", () => {
  expect(() => layoutOf(["q_prj", "up_proj"])).toThrow(/no module matches "q_prj".*q_proj/);
  expect(() => layoutOf([])).toThrow(/an empty list/);
  expect(layoutOf("attention").modules.map(({ module }) => module.split(".").at(-1))).toEqual(
    [0, 1].flatMap(() => ["q_proj", "k_proj", "v_proj", "o_proj"]),
  );
});

test("PEFT's targets are endings where every layer is adapted, else full paths", () => {
  const targetsOf = (targets: typeof TINY_LORA.targets) =>
    peftTargets(model, layoutOf(targets).modules).targetModules;
  expect(targetsOf(["q_proj", "down_proj"])).toEqual(["q_proj", "down_proj"]);
  expect(targetsOf(["layers.0.self_attn.q_proj", "v_proj"])).toEqual([
    "model.layers.0.self_attn.q_proj",
    "v_proj",
  ]);
  expect(targetsOf("all-linear")).toHaveLength(7);
});

test("targets of GPT-2: c_proj is in attention and MLP, and its matrices are stored as [in, out]", () => {
  const gpt2 = tinyConfig({ model_type: "gpt2" });
  const targetsOf = (targets: typeof TINY_LORA.targets) =>
    peftTargets(gpt2, loraLayout(gpt2, { ...TINY_LORA, targets }).modules);
  const attention = [0, 1].map((layer) => `transformer.h.${layer}.attn.c_proj`);
  expect(targetsOf("attention")).toEqual({ targetModules: ["c_attn", ...attention], fanInFanOut: true });
  expect(targetsOf("all-linear").targetModules).toEqual(["c_attn", "c_proj", "c_fc"]);
  expect(peftTargets(model, layoutOf("all-linear").modules).fanInFanOut).toBe(false);
});

test("initial factors are PEFT's: A uniform within 1 / sqrt(in), B zero, each tensor with its own stream", () => {
  const layout = layoutOf("all-linear");
  const flat = initialFactors(layout, 1, noBase);
  const byModule = factorsByModule(layout, flat);
  for (const { module, shape } of layout.modules) {
    const { A, B } = byModule.get(module)!;
    const bound = 1 / Math.sqrt(shape[1]);
    expect(Math.max(...A!.map(Math.abs))).toBeLessThanOrEqual(bound);
    expect(Math.max(...A!.map(Math.abs))).toBeGreaterThan(0.8 * bound);
    expect(B!.every((x) => x === 0)).toBe(true);
  }
  const fewer = layoutOf(["down_proj"]);
  const alone = factorsByModule(fewer, initialFactors(fewer, 1, noBase));
  for (const [module, { A }] of alone) expect(A).toEqual(byModule.get(module)!["A"]);
  expect(initialFactors(layout, 2, noBase)).not.toEqual(flat);
});

test("scaleFactors scales B alone and does not change its argument", () => {
  const layout = layoutOf(["q_proj"]);
  const flat = Float32Array.from({ length: layout.size }, (_, i) => i + 1);
  const scaled = scaleFactors(layout, flat, 0.5);
  const [a, b] = layout.groups as [(typeof layout.groups)[0], (typeof layout.groups)[0]];
  expect(scaled.subarray(0, a.size)).toEqual(flat.subarray(0, a.size));
  expect([...scaled.subarray(b.offset)]).toEqual([...flat.subarray(b.offset)].map((x) => x / 2));
  expect(flat[b.offset]).toBe(b.offset + 1);
});
