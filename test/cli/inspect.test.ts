import { appendFileSync, mkdirSync, mkdtempSync, readdirSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { expect, test } from "vitest";
import { writeSafetensors } from "../../src/formats/safetensors.ts";
import { findRun } from "../../src/train/run-folder.ts";
import { jsonLines, lorafit } from "./lorafit.ts";
import { passingTask } from "./passing-task.ts";

const task = passingTask();
await lorafit(["run", task]).finished;
const run = findRun(task);
const [checkpoint] = readdirSync(join(run, "checkpoints"));
const home = fileURLToPath(new URL("../..", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "lorafit-inspect-"));

const inspect = async (path: string) => {
  const finished = await lorafit(["inspect", path, "--json"]).finished;
  return { ...finished, found: jsonLines(finished)[0]! };
};

test.each([
  [
    "a bundled base",
    join(home, "models/lorafit-base-5m"),
    "Hugging Face model",
    true,
    { parameters: 5475584, vocabulary: 4096 },
  ],
  ["a task", task, "task", true, { name: "small" }],
  ["a task file", join(task, "task.yaml"), "task", true, { base: "base" }],
  ["a lock", join(task, "task.lock"), "task.lock", false, {}],
  ["training rows", join(task, "data/train.jsonl"), "training rows", true, { rows: 48 }],
  ["cases", join(task, "cases/domain.jsonl"), "cases", false, { rows: 48 }],
  ["general cases", join(home, "datasets/general/general.jsonl"), "text cases", false, { rows: 755 }],
  ["queries", join(home, "datasets/awesomeshoes/data/reference.jsonl"), "queries", false, {}],
  ["a run", run, "run", false, { verdict: "pass", seed: "7" }],
  ["a checkpoint", join(run, "checkpoints", checkpoint!), "checkpoint", true, { parameters: 928 }],
  ["an adapter", join(run, "adapter"), "PEFT adapter", false, { rank: 4, parameters: 928 }],
  [
    "factors alone",
    join(run, "adapter/adapter_model.safetensors"),
    "safetensors with LoRA factors",
    false,
    { storage: "F32 14" },
  ],
  ["an export", join(run, "export/onnx/tuned"), "ONNX export", false, { ir_version: 8 }],
  ["a graph", join(run, "export/onnx/tuned/onnx/model.onnx"), "ONNX model", false, {}],
  ["answers", join(run, "answers.jsonl"), "answers", false, { rows: 48 }],
  ["a verdict", join(run, "verdict.json"), "verdict", false, { verdict: "pass" }],
] as const)("%s", async (_, path, kind, trainable, facts) => {
  const { code, stderr, found } = await inspect(path);
  expect(code, stderr).toBe(0);
  expect(found).toMatchObject({ kind, trainable, facts });
});

test.each([
  ["rows.jsonl.gz", gzipSync('{"text":"a"}\n'), 0, /training rows[\s\S]*shapes\s+text 1/],
  ["bomb.jsonl.gz", gzipSync(Buffer.alloc(80_000_000)), 3, /less than an eighth/],
  ["cut.jsonl.gz", gzipSync('{"text":"a"}\n').subarray(0, 12), 3, /damaged gzip file/],
  ["rows.jsonl.xz", Buffer.from([0xfd, 0x37, 0x7a, 0x58, 0x5a, 0, 0, 0]), 3, /compressed with xz/],
  ["wide.jsonl", Buffer.from('{"text":"a"}\n', "utf16le"), 3, /unreadable file[\s\S]*UTF-16/],
  ["latin.jsonl", Buffer.from('{"text":"\xe9"}\n', "latin1"), 3, /unreadable file[\s\S]*Windows-1252/],
  ["none.jsonl", Buffer.from(""), 3, /empty file/],
  ["other.jsonl", Buffer.from('{"foo":1}\n'), 3, /has neither messages/],
  ["list.json", Buffer.from('[{"text":"a"}]'), 0, /training rows/],
  [
    "silent.jsonl",
    Buffer.from(
      '{"messages":[{"role":"user","content":"a"},{"role":"assistant","content":"b","weight":0}]}\n',
    ),
    3,
    /silent\.jsonl:1: messages: nothing is trained on/,
  ],
  ["middle.jsonl", Buffer.from('{"prompt":"a","completion":"b","suffix":"c"}\n'), 3, /fill in the middle/],
  [
    "parts.jsonl",
    Buffer.from(
      '{"messages":[{"role":"user","content":["a"]},{"role":"assistant","content":"b"}],"score":3}\n',
    ),
    0,
    /messages with parts 1[\s\S]*keys not trained on\s+score/,
  ],
] as const)("%s is called what it is", async (name, bytes, code, says) => {
  const file = join(folder, name);
  writeFileSync(file, bytes);
  const ended = await lorafit(["inspect", file]).finished;
  expect(ended.stdout + ended.stderr).toMatch(says);
  expect(ended.code).toBe(code);
});

test("rows that cannot be trained on are named", async () => {
  const file = join(folder, "rows.jsonl");
  writeFileSync(file, '{"prompt":"a","completion":"b"}\n{"messages":[]}\n{"prompt":"c"}\n');
  const { code, found } = await inspect(file);
  expect(code).toBe(0);
  expect(found).toMatchObject({ kind: "training rows", trainable: false, facts: { cannot_be_used: 2 } });
  expect(found["use"]).toMatch(/rows\.jsonl:2: messages[\s\S]*rows\.jsonl:3: completion/);
});

test("hostile and unknown files are refused in one line that names them", async () => {
  writeFileSync(join(folder, "weights.bin"), "\x80\x04");
  expect((await inspect(join(folder, "weights.bin"))).found).toMatchObject({ kind: "pickled weights" });
  const hostile = {
    "short.safetensors": "\xff\xff\xff\xff\xff\xff\xff\xff{}",
    "short.gguf": "GGUF\x03\0\0\0",
    "not.onnx": "\xff\xff\xff\xff",
    "odd.json": "[]",
    "odd.xyz": "what",
  };
  for (const [name, content] of Object.entries(hostile)) {
    writeFileSync(join(folder, name), content, "latin1");
    const { code, stderr } = await inspect(join(folder, name));
    expect({ name, code }).toEqual({ name, code: 3 });
    expect(stderr).toContain(name);
  }
  expect((await inspect(join(folder, "nowhere"))).code).toBe(2);
}, 30_000);

test("a model of an unsupported family cannot be trained; a damaged one is an error", async () => {
  const foreign = join(folder, "gpt2");
  mkdirSync(foreign);
  writeFileSync(join(foreign, "config.json"), '{"model_type":"gpt2"}');
  writeSafetensors(join(foreign, "model.safetensors"), { wte: { shape: [1], data: Float32Array.of(1) } });
  const { code, found } = await inspect(foreign);
  expect({ code, ...found }).toMatchObject({ code: 0, kind: "Hugging Face model", trainable: false });
  expect(found["use"]).toMatch(/gpt2/);
  for (const [path, file] of [
    [foreign, "model.safetensors"],
    [join(run, "adapter"), "adapter_model.safetensors"],
  ] as const) {
    appendFileSync(join(path, file), "x");
    const damaged = await inspect(path);
    expect(damaged).toMatchObject({ code: 3, stderr: expect.stringContaining("after the last tensor") });
  }
});
