import { mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { openSafetensors, readFloat32 } from "../../src/formats/safetensors.ts";
import { type RandomModel, randomModel } from "../../src/model/random.ts";
import { expectClose } from "../expect-close.ts";

/** Parameters of the models on their cards, as safetensors files count them: a tied head once. */
const CARDS = {
  "smollm2-135m": 134_515_008,
  "smollm2-360m": 361_821_120,
  "qwen2.5-0.5b": 494_032_768,
  "llama-3.2-1b": 1_235_814_400,
};

const sizeOf = (shape: readonly number[]): number => shape.reduce((product, size) => product * size, 1);

function benchModel(name: string, cacheDir = "unused"): RandomModel {
  const where = new URL(`../../bench/models/${name}/config.json`, import.meta.url);
  return randomModel(JSON.parse(readFileSync(where, "utf8")), { where: name, seed: 1, cacheDir });
}

test.each(Object.entries(CARDS))("%s has %i parameters", (name, parameters) => {
  const all = benchModel(name).list();
  expect(all.reduce((sum, { shape }) => sum + sizeOf(shape), 0)).toBe(parameters);
});

test("matrices are normal with the config's deviation, norms are one, biases are zero", () => {
  const { read } = benchModel("qwen2.5-0.5b");
  expect(new Set(read("model.layers.3.input_layernorm.weight"))).toEqual(new Set([1]));
  expect(new Set(read("model.layers.3.self_attn.k_proj.bias"))).toEqual(new Set([0]));
  const up = read("model.layers.3.mlp.up_proj.weight");
  expect(up.length).toBe(4864 * 896);
  const moment = (power: number): number => up.reduce((sum, x) => sum + (x / 0.02) ** power, 0) / up.length;
  // A million values were drawn: a standard error of 0.001 for the mean, 0.0014 for the variance, 0.01 for the fourth moment.
  expect(Math.abs(moment(1))).toBeLessThan(0.005);
  expect(Math.abs(moment(2) - 1)).toBeLessThan(0.007);
  expect(Math.abs(moment(4) - 3)).toBeLessThan(0.05);
  expect(up.subarray(0, 896)).not.toEqual(up.subarray(896, 2 * 896));
  expect(read("model.layers.4.mlp.up_proj.weight").subarray(0, 896)).not.toEqual(up.subarray(0, 896));
});

test("the same seed gives the same weights, in memory and in the float32 file", () => {
  const json = JSON.parse(
    readFileSync(new URL("../golden/qwen2/model/config.json", import.meta.url), "utf8"),
  ) as Record<string, unknown>;
  const make = (seed: number) =>
    randomModel(json, { where: "tiny", seed, cacheDir: mkdtempSync(join(tmpdir(), "random-")) });
  const one = make(1);
  const name = "model.layers.1.mlp.down_proj.weight";
  expect(make(1).read(name)).toEqual(one.read(name));
  expect(make(2).read(name)).not.toEqual(one.read(name));
  const file = openSafetensors(one.float32File().path);
  for (const { name, shape } of one.list()) {
    expect(file.tensors.get(name)!.shape).toEqual(shape);
    expectClose(readFloat32(file, name), one.read(name), 0, name);
  }
});
