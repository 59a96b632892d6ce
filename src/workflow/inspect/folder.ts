import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { readConsumerFiles } from "../../export/consumer-files.ts";
import { openGgufFile } from "../../formats/gguf.ts";
import { openSafetensors } from "../../formats/safetensors.ts";
import { warnOfGaps } from "../../lora/adapter.ts";
import { readPeft } from "../../lora/peft.ts";
import { CHECKPOINT_TENSORS, readCheckpointAt } from "../../train/checkpoint.ts";
import { readRun, runFolder } from "../../train/run-folder.ts";
import { RELEASE_FILE } from "../release/record.ts";
import { verifyRelease } from "../release/verify-release.ts";
import { readVerdict, verdictFile } from "../run.ts";
import { inspectBase } from "./base.ts";
import { inspectOnnx, inspectTask } from "./file.ts";
import { elements, type Inspection, unknown } from "./inspection.ts";

/** Kinds of folders by their files; the first match counts, so that a release is not taken for the model in it. */
export async function inspectFolder(path: string, cacheDir: string): Promise<Inspection> {
  const has = (name: string): boolean => existsSync(join(path, name));
  if (has(RELEASE_FILE)) return inspectRelease(path);
  if (has("config.json") && has("checkpoints")) return inspectRun(path);
  if (has("state.json") && has("state.safetensors")) return inspectCheckpoint(path);
  if (has("onnx/model.onnx")) return inspectExport(path);
  if (has("adapter_config.json")) return inspectAdapter(path);
  if (has("task.yaml")) return inspectTask(path);
  const weights = readdirSync(path).filter((name) => /\.(safetensors|gguf)$/.test(name));
  if (weights.length === 0) throw unknown(path);
  for (const name of weights) (name.endsWith(".gguf") ? openGgufFile : openSafetensors)(join(path, name));
  return inspectBase(has("config.json") ? "Hugging Face model" : "GGUF model", path, cacheDir);
}

function inspectRelease(path: string): Inspection {
  const { release, damaged } = verifyRelease(path);
  const { override, verdict } = release;
  return {
    kind: override === null ? "release" : `release by override; the verdict is ${verdict}`,
    trainable: false,
    use: "a released model: README.md is its model card, model/ the judged model",
    facts: {
      ...(override && { override_reason: override.reason, refused_without_it: override.refusals }),
      task: release.task,
      run: release.run,
      released: release.released,
      verdict,
      base: `${release.base.name} (${release.base.licence ?? "no licence stated"})`,
      artifact_sha256: release.artifact_sha256,
      files: Object.keys(release.files).length,
    },
    damaged,
  };
}

function inspectRun(path: string): Inspection {
  const record = readRun(path);
  const ended = existsSync(runFolder(path).adapter);
  return {
    kind: "run",
    trainable: !ended,
    use: ended
      ? "trained; `lorafit eval` and `lorafit gate` judge it"
      : `resume it with \`lorafit train --resume ${path}\``,
    facts: {
      task: record.task.name,
      created: record.created,
      base: record.base.name,
      engine: record.engine,
      rows: `${record.data.train_rows} trained on, ${record.data.validation_rows} held out`,
      seed: String(record.settings["seed"]?.value),
      ...(existsSync(verdictFile(path)) ? { verdict: readVerdict(path).verdict } : {}),
    },
  };
}

function inspectCheckpoint(path: string): Inspection {
  const { state, tensors } = readCheckpointAt(path);
  return {
    kind: "checkpoint",
    trainable: true,
    use: "`lorafit train --resume RUN` resumes at the run's newest checkpoint",
    facts: {
      step: state.progress.step,
      best:
        state.progress.best === null
          ? "none yet"
          : `step ${state.progress.best.step}, validation loss ${state.progress.best.loss.toFixed(4)}`,
      parameters: elements(tensors[CHECKPOINT_TENSORS[0]!]!.shape),
      engine: `${state.machine.engine} ${state.machine.version}, ${state.machine.device}`,
    },
  };
}

function inspectExport(path: string): Inspection {
  const graph = inspectOnnx(join(path, "onnx/model.onnx"));
  const { baseSha256 } = readConsumerFiles(path);
  const swaps = graph.facts["inputs"] as readonly string[];
  const takes = swaps.some((name) => name.includes(".lora_A."));
  return {
    ...graph,
    kind: takes ? "ONNX export that takes adapters" : "ONNX export",
    use: `\`lorafit chat --model ${path}\` talks to it; training starts from the base that it was made of`,
    facts: { ...graph.facts, ...(baseSha256 === null ? {} : { base_sha256: baseSha256 }) },
  };
}

function inspectAdapter(path: string): Inspection {
  const adapter = readPeft(path);
  warnOfGaps(adapter, path);
  const { config, tensors, baseName, baseSha256 } = adapter;
  return {
    kind: "PEFT adapter",
    trainable: false,
    use: "an adapter: `lorafit chat --model BASE --adapter` tries it; training starts from the base alone",
    facts: {
      rank: config.rank,
      alpha: config.alpha,
      targets: [
        ...new Set([config.targets].flat().map((module) => module.slice(module.lastIndexOf(".") + 1))),
      ],
      parameters: [...tensors.values()].reduce((sum, { shape }) => sum + elements(shape), 0),
      ...(baseName === null ? {} : { base: baseName }),
      ...(baseSha256 === null ? {} : { base_sha256: baseSha256 }),
    },
  };
}
