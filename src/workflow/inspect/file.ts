import { closeSync, openSync, readFileSync, readSync } from "node:fs";
import { basename, dirname } from "node:path";
import { LorafitError } from "../../errors.ts";
import { openGgufFile } from "../../formats/gguf.ts";
import { readJson } from "../../formats/json.ts";
import { readOnnx } from "../../formats/onnx.ts";
import { openSafetensors } from "../../formats/safetensors.ts";
import { packedProblem } from "../../formats/utf8.ts";
import { loadTask } from "../../task/load.ts";
import { inspectBase } from "./base.ts";
import { elements, type Inspection, storages, unknown } from "./inspection.ts";
import { inspectRows } from "./rows.ts";

/** Kinds of JSON files by a key that only they have; the first match counts. */
const JSON_KINDS: readonly (readonly [key: string, kind: string, use: string])[] = [
  ["sign_offs", "list of a release", "name its folder to check every file"],
  [
    "criteria",
    "task.lock",
    "criteria, cases and seed as locked: `lorafit train` and `lorafit gate` compare the task with them",
  ],
  ["findings", "record of curation", "shown in the report"],
  ["peft_type", "configuration of a PEFT adapter", "name its folder"],
  ["model_type", "configuration of a model", "name its folder"],
  ["artifact_sha256", "record of an export", "name its folder"],
  ["settings", "record of a run", "name its folder"],
];

export async function inspectFile(path: string, cacheDir: string): Promise<Inspection> {
  const name = basename(path).toLowerCase();
  const start = firstBytes(path, 8);
  if (start.subarray(0, 4).toString("latin1") === "GGUF") {
    openGgufFile(path);
    return inspectBase("GGUF model", path, cacheDir);
  }
  if (name.endsWith(".safetensors")) return inspectSafetensors(path);
  if (name.endsWith(".onnx")) return inspectOnnx(path);
  if (/\.(jsonl|csv)(\.gz)?$/.test(name)) return inspectRows(path);
  if (/\.ya?ml$/.test(name)) return inspectTask(path);
  if (/\.(json|lock)$/.test(name)) return inspectJson(path);
  if (/\.(bin|pt|pth|ckpt|pkl)$/.test(name)) {
    const use = "may hold code, so lorafit never opens it: save the model as safetensors";
    return { kind: "pickled weights", trainable: false, use, facts: {} };
  }
  const packed = packedProblem(start);
  if (packed !== undefined)
    throw new LorafitError("data", `${path}: ${packed}`, { hint: "then inspect the result" });
  throw unknown(path);
}

function firstBytes(path: string, count: number): Buffer {
  const file = openSync(path, "r");
  try {
    const bytes = Buffer.alloc(count);
    return bytes.subarray(0, readSync(file, bytes, 0, count, 0));
  } finally {
    closeSync(file);
  }
}

function inspectSafetensors(path: string): Inspection {
  const { tensors, metadata } = openSafetensors(path);
  const all = [...tensors.values()];
  const adapter = [...tensors.keys()].some((name) => /\.lora_[AB]\./.test(name));
  return {
    kind: adapter ? "safetensors with LoRA factors" : "safetensors",
    trainable: false,
    use: "numbers alone: name the folder that also holds its configuration",
    facts: {
      tensors: all.length,
      parameters: all.reduce((sum, { shape }) => sum + elements(shape), 0),
      storage: storages(all.map(({ dtype }) => ({ storage: dtype }))),
      ...(Object.keys(metadata).length === 0
        ? {}
        : { metadata: Object.entries(metadata).map(([key, value]) => `${key}: ${value}`) }),
    },
  };
}

export function inspectOnnx(path: string): Inspection {
  const model = readOnnx(readFileSync(path), path);
  const shown = (values: readonly { name: string; type: string; shape: readonly (number | string)[] }[]) =>
    values.map(({ name, type, shape }) => `${name} ${type} [${shape.join(", ")}]`);
  return {
    kind: "ONNX model",
    trainable: false,
    use: "an exported model: it answers, and training starts from the base that it was made of",
    facts: {
      ir_version: model.irVersion,
      opsets: [...model.opsets].map(([domain, version]) => `${domain || "ai.onnx"} ${version}`),
      inputs: shown(model.inputs),
      outputs: shown(model.outputs),
      initializers: model.initializers.length,
    },
  };
}

export function inspectTask(path: string): Inspection {
  const task = loadTask(path);
  return {
    kind: "task",
    trainable: true,
    use: `\`lorafit run ${dirname(task.file)}\` runs it from rows to verdict`,
    facts: {
      name: task.name,
      purpose: task.purpose,
      base: task.base,
      cases: Object.keys(task.cases),
      criteria: task.success.map(({ name, kind }) => `${name} (${kind})`),
    },
  };
}

function inspectJson(path: string): Inspection {
  const json = readJson(path, { hint: "correct it, or name another file" });
  if (Array.isArray(json)) return inspectRows(path);
  if (typeof json !== "object" || json === null) throw unknown(path);
  const keys = new Set(Object.keys(json));
  if (keys.has("verdict") && keys.has("criteria")) {
    const { verdict, task, look } = json as { verdict: unknown; task: unknown; look: unknown };
    const use = "what `lorafit gate` decided on a run";
    const facts = { verdict: String(verdict), task: String(task), look: String(look) };
    return { kind: "verdict", trainable: false, use, facts };
  }
  const found = JSON_KINDS.find(([key]) => keys.has(key));
  if (found === undefined) throw unknown(path);
  return { kind: found[1], trainable: false, use: found[2], facts: {} };
}
