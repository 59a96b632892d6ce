import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { writeSafetensors } from "../../src/formats/safetensors.ts";
import { randomModel } from "../../src/model/random.ts";
import { createRng } from "../../src/rng.ts";
import { taskFolder } from "../task/fixture.ts";

const bundled = fileURLToPath(new URL("../../models/lorafit-base-5m", import.meta.url));

/** Makes a task on a random base of one narrow layer with the bundled tokenizer; a step takes milliseconds. */
export function smallTask(train: Record<string, unknown> = {}, width = 16): string {
  const rng = createRng("small-task");
  const words = ["boots", "heel", "refund", "size", "wide", "return", "box", "sixty", "days", "worn"];
  const sentence = (length: number): string =>
    Array.from({ length }, () => words[rng.int(words.length)]!).join(" ");
  const rows = Array.from({ length: 40 }, () => ({
    prompt: sentence(3 + rng.int(3)),
    completion: sentence(2 + rng.int(4)),
  }));
  const settings = {
    rank: 2,
    alpha: 4,
    max_steps: 24,
    learning_rate: 0.01,
    tokens_per_step: 128,
    micro_batch_tokens: 64,
    sequence_length: 64,
    validate_every: 6,
    checkpoint_every: 4,
    threads: 1,
    ...train,
  };
  const folder = taskFolder({
    "data/train.jsonl": rows.map((row) => `${JSON.stringify(row)}\n`).join(""),
    "task.yaml": `version: 1
name: small
purpose: Answer questions on returns.
in_scope: [returns]
base: base
policy: policy.md
data: { train: data/train.jsonl }
cases: { domain: cases/domain.jsonl }
train: ${JSON.stringify(settings)}
success:
  - { name: domain errors, cases: domain, kind: superiority, margin: 0, effect: 0.2 }
`,
  });
  const base = join(folder, "base");
  mkdirSync(base);
  const config = JSON.parse(readFileSync(join(bundled, "config.json"), "utf8")) as Record<string, unknown>;
  const narrow = { hidden_size: width, head_dim: width / 2, num_attention_heads: 2, num_key_value_heads: 1 };
  const json = { ...config, ...narrow, intermediate_size: 1.5 * width, num_hidden_layers: 1 };
  writeFileSync(join(base, "config.json"), JSON.stringify(json));
  const { list, read } = randomModel(json, { where: "small", seed: 1, cacheDir: base });
  const tensors = list().map(({ name, shape }) => [name, { shape, data: read(name) }] as const);
  writeSafetensors(join(base, "model.safetensors"), new Map(tensors));
  for (const file of ["tokenizer.json", "tokenizer_config.json", "generation_config.json"]) {
    copyFileSync(join(bundled, file), join(base, file));
  }
  return folder;
}

/** Changes one line of the training data. */
export function changeData(folder: string): void {
  const file = join(folder, "data/train.jsonl");
  writeFileSync(file, readFileSync(file, "utf8").replace("boots", "shoes"));
}
