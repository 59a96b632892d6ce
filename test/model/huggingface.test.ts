import {
  cpSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeEach, expect, test } from "vitest";
import { float32ToBfloat16 } from "../../src/formats/numbers.ts";
import {
  openSafetensors,
  readFloat32,
  safetensorsHeader,
  type TensorData,
  writeSafetensors,
} from "../../src/formats/safetensors.ts";
import { transpose } from "../../src/model/huggingface.ts";
import { openModel } from "../../src/model/open.ts";
import type { WeightSource } from "../../src/model/weights.ts";

const scratch = mkdtempSync(join(tmpdir(), "lorafit-hf-"));
afterAll(() => rmSync(scratch, { recursive: true }));
const GOLDEN = fileURLToPath(new URL("../golden/llama-tiny/model", import.meta.url));
const cacheDir = join(scratch, "cache");
const golden = openModel(GOLDEN, { cacheDir });
const tensors: [string, TensorData][] = golden
  .list()
  .map(({ name, shape }) => [name, { shape, data: golden.read(name) }]);

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(scratch, "model-"));
  cpSync(GOLDEN, folder, { recursive: true });
});
const open = (): WeightSource => openModel(folder, { cacheDir });

test("a single float32 file is mapped in place", () => {
  const { path, tensors: places } = golden.float32File();
  expect(path).toBe(join(GOLDEN, "model.safetensors"));
  const { offset, length } = places.get("model.norm.weight")!;
  const bytes = readFileSync(path).subarray(offset, offset + length);
  expect(new Float32Array(new Uint8Array(bytes).buffer)).toEqual(golden.read("model.norm.weight"));
});

/** Two shards and their index. */
function shard(): void {
  rmSync(join(folder, "model.safetensors"));
  const parts = [tensors.slice(0, 7), tensors.slice(7)];
  const map: Record<string, string> = {};
  for (const [i, part] of parts.entries()) {
    const file = `model-0000${i + 1}-of-00002.safetensors`;
    writeSafetensors(join(folder, file), new Map(part));
    for (const [name] of part) map[name] = file;
  }
  writeFileSync(join(folder, "model.safetensors.index.json"), JSON.stringify({ weight_map: map }));
}

test("shards read as the file they were made from, and the float32 copy joins them", () => {
  shard();
  const source = open();
  expect(source.config).toEqual(golden.config);
  for (const [name, { data }] of tensors) expect(source.read(name)).toEqual(data);
  const copy = openSafetensors(source.float32File().path);
  for (const [name, { data }] of tensors) expect(readFloat32(copy, name)).toEqual(data);
});

test("a file of the model without head has no prefix and opens as the same model", () => {
  const bare = tensors.map(([name, data]): [string, TensorData] => [name.replace(/^model\./, ""), data]);
  writeSafetensors(join(folder, "model.safetensors"), new Map(bare));
  const source = open();
  expect(source.list().map(({ name }) => name)).toEqual(golden.list().map(({ name }) => name));
  for (const [name, { data }] of tensors) expect(source.read(name)).toEqual(data);
  const { path, tensors: places } = source.float32File();
  expect(path).toBe(join(folder, "model.safetensors"));
  expect(places.get("model.norm.weight")!.length).toBe(4 * 64);
});

test.each(["../model.safetensors", "/etc/passwd", "..", 7])("an index that names %j is refused", (file) => {
  shard();
  writeFileSync(join(folder, "model.safetensors.index.json"), JSON.stringify({ weight_map: { a: file } }));
  expect(open).toThrow(/is not the name of a safetensors file within the folder/);
});

function writeBfloat16(): void {
  const entries = tensors.map(([name, { shape, data }]) => ({
    name,
    dtype: "BF16",
    shape,
    length: 2 * data.length,
  }));
  const bodies = tensors.map(
    ([, { data }]) => new Uint8Array(float32ToBfloat16(data as Float32Array).buffer),
  );
  writeFileSync(
    join(folder, "model.safetensors"),
    Buffer.concat([safetensorsHeader(entries).bytes, ...bodies]),
  );
}

test("bfloat16 weights get a float32 copy named by the base's hash; a damaged copy is written again", () => {
  writeBfloat16();
  const source = open();
  expect(source.list().every(({ storage }) => storage === "BF16")).toBe(true);
  const { path } = source.float32File();
  expect(path).toBe(join(cacheDir, "float32", `${source.sha256}.safetensors`));
  const whole = readFileSync(path);
  truncateSync(path, whole.length - 10);
  expect(source.float32File().path).toBe(path);
  expect(readFileSync(path)).toEqual(whole);
  expect(readdirSync(join(cacheDir, "float32")).filter((name) => name.endsWith(".tmp"))).toEqual([]);
});

test("the hash depends on weights and config, not on the path", () => {
  expect(open().sha256).toBe(golden.sha256);
  const file = join(folder, "model.safetensors");
  const bytes = readFileSync(file);
  bytes[bytes.length - 1]! ^= 1;
  writeFileSync(file, bytes);
  const changedWeights = open().sha256;
  expect(changedWeights).not.toBe(golden.sha256);
  const config = JSON.parse(readFileSync(join(folder, "config.json"), "utf8")) as object;
  writeFileSync(join(folder, "config.json"), JSON.stringify({ ...config, rms_norm_eps: 1e-4 }));
  expect(open().sha256).not.toBe(changedWeights);
});

test("missing, misshaped and unexpected weights are listed in one error", () => {
  const odd = new Map(tensors);
  odd.delete("model.norm.weight");
  odd.set("model.layers.0.self_attn.q_proj.weight", { shape: [2, 2], data: new Float32Array(4) });
  odd.set("model.layers.7.extra", { shape: [1], data: new Float32Array(1) });
  writeSafetensors(join(folder, "model.safetensors"), odd);
  expect(open).toThrow(
    /q_proj\.weight: shape \[2, 2\], config\.json says \[64, 64\][\s\S]*model\.norm\.weight: missing[\s\S]*layers\.7\.extra: not expected/,
  );
});

test.each([
  "config.json",
  "tokenizer.json",
  "tokenizer_config.json",
  "generation_config.json",
  "model.safetensors.index.json",
])("%s that holds no object is refused", (name) => {
  if (name.includes("index")) shard();
  writeFileSync(join(folder, "tokenizer.json"), "{}");
  writeFileSync(join(folder, name), "null");
  expect(() => open().tokenizerFiles()).toThrow(new RegExp(`${name}: .*is not a JSON object`));
});

test("a missing path, missing files and broken JSON have their own errors", () => {
  expect(() => openModel(join(scratch, "nowhere"), { cacheDir })).toThrow(/no such model/);
  rmSync(join(folder, "model.safetensors"));
  expect(open).toThrow(/model\.safetensors: cannot be read/);
  writeFileSync(join(folder, "config.json"), "{");
  expect(open).toThrow(/config\.json: is not JSON/);
  rmSync(join(folder, "config.json"));
  expect(open).toThrow(/config\.json: cannot be read/);
  expect(existsSync(folder)).toBe(true);
});

test("a matrix stored as [in, out] is read as [out, in]", () => {
  // In 3, out 2: stored row i holds the weights of input i.
  const stored = Float32Array.of(1, 10, 2, 20, 3, 30);
  expect([...transpose(stored, [2, 3])]).toEqual([1, 2, 3, 10, 20, 30]);
});
