// Fingerprints of the engines' graphs and command lists for the benchmark's training steps, up to names: bench/results/graphs.json.
//
//   node bench/graphs.mjs [--check] [--dist dist]     needs `npm run build`; no weights, no engine
//
// A fingerprint numbers values in order of creation and hashes operators, attributes, wiring, order, sizes and constants; weights and
// state keep their names. `--check` compares with the committed file and fails on a difference: evidence that a refactoring changed no
// computation.
import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { parseArgs } from "node:util";

const { values: flags } = parseArgs({
  options: { check: { type: "boolean" }, dist: { type: "string", default: "dist" } },
});
const load = (file) => import(pathToFileURL(resolve(flags.dist, file)));
const { parseModelConfig } = await load("model/families/index.js");
const { loraLayout } = await load("lora/layout.js");
const { injectLora } = await load("lora/inject.js");
const { decodingProgram } = await load("model/programs.js");
const { chat } = await load("kinds/chat/chat.js");
const { trainingPrograms } = await load("train/programs.js");
const onnx = await load("engines/onnx/lower.js");
const tfjs = await load("engines/tfjs/lower.js");
const cuda = await load("engines/cuda/lowering/lower.js");

const CONFIGS = {
  "smollm2-135m": "bench/models/smollm2-135m",
  "lorafit-base-5m": "models/lorafit-base-5m",
  "qwen2.5-0.5b": "bench/models/qwen2.5-0.5b",
};
const configs = Object.fromEntries(
  Object.entries(CONFIGS).map(([name, folder]) => [
    name,
    parseModelConfig(JSON.parse(readFileSync(`${folder}/config.json`, "utf8")), name),
  ]),
);

const layoutOf = (config, targets) =>
  loraLayout(config, {
    ...{ rank: 8, alpha: 16, dropout: 0, rsLora: false, targets },
    ...{ rankPattern: {}, alphaPattern: {}, variant: "lora" },
  });

function programsOf(config, { batch, sequence, targets = "attention", dropout = 0, ...more }) {
  return trainingPrograms({
    kind: chat,
    model: config,
    layout: layoutOf(config, targets),
    shape: { batch, sequence, labelled: (batch * sequence) / 2 },
    optimizer: { beta1: 0.9, beta2: 0.999, eps: 1e-8, weightDecay: 0.01, clip: 1, loraPlusRatio: 1 },
    dropout,
    recompute: false,
    precision: "float32",
    ...more,
  });
}

const sha256 = (text) => createHash("sha256").update(text).digest("hex");

/** Numbers objects in order of first use. */
function numbering(prefix) {
  const known = new Map();
  return (thing) => {
    if (!known.has(thing)) known.set(thing, `${prefix}${known.size}`);
    return known.get(thing);
  };
}

const sorted = (attributes) => Object.entries(attributes).sort(([a], [b]) => (a < b ? -1 : 1));

function onnxFingerprint(program, profile) {
  const states = new Set(program.state.map(({ value }) => program.values[value].name));
  const weights = new Set(program.weights.map((id) => program.values[id].name));
  const graph = onnx.lowerProgram(program, {
    profile,
    weight: (name) => ({ external: { location: "model", offset: 0, length: name.length } }),
  });
  const initializers = new Map(graph.initializers.map((tensor) => [tensor.name, tensor]));
  const nameOf = numbering("v");
  const refOf = (name) => {
    if (states.has(name) || weights.has(name)) return name;
    const constant = initializers.get(name);
    if (constant === undefined) return nameOf(name);
    return `${constant.type}[${constant.shape}]${sha256(Buffer.from(constant.data))}`;
  };
  const line = ({ name, type, shape }) => `${refOf(name)} ${type}[${shape}]`;
  const lines = [
    ...graph.inputs.map(line),
    ...graph.nodes.map((node) =>
      JSON.stringify([
        ...[node.domain, node.op, sorted(node.attributes)],
        ...[node.inputs.map(refOf), node.outputs.map(refOf)],
      ]),
    ),
    ...graph.outputs.map(line),
  ];
  return { nodes: graph.nodes.length, sha256: sha256(lines.join("\n")) };
}

function tfjsFingerprint(program) {
  const list = tfjs.lowerProgram(program);
  const refs = numbering("t");
  const constants = new Map(
    list.constants.map(({ ref, data }) => [
      ref.slot,
      sha256(Buffer.from(data.buffer, data.byteOffset, data.byteLength)),
    ]),
  );
  const refOf = ({ slot, shape, dtype }) => [constants.get(slot) ?? refs(slot), dtype, shape];
  const lines = [
    ...list.inputs.map(refOf),
    ...list.weights.map((ref, i) => [program.values[program.weights[i]].name, ...refOf(ref)]),
    ...list.state.map((ref, i) => [program.values[program.state[i].value].name, ...refOf(ref)]),
    ...list.calls.map(({ kernel, op, inputs, outputs, attrs }, i) => [
      ...[kernel, op, inputs.map(refOf), outputs.map(refOf), sorted(attrs)],
      list.frees[i].map(refs).sort(),
    ]),
    ...list.fetches.map(({ ref }) => refOf(ref)),
    ...list.next.map(({ state, ref }) => [state, refOf(ref)]),
  ];
  return { nodes: list.calls.length, sha256: sha256(lines.map((l) => JSON.stringify(l)).join("\n")) };
}

function cudaFingerprint(program) {
  const { list, inputs, outputs, finite } = cuda.lowerProgram(program);
  const buffers = numbering("b");
  const described = {};
  const placeOf = (view) => {
    if (view === null || view === undefined) return null;
    const { bytes, storage } = view.buffer;
    const known = buffers(view.buffer);
    if (described[known] === undefined) {
      described[known] = [bytes, storage.kind, storage.name ?? null, Object.values(storage.spec ?? {})];
      described[known].push((storage.fields ?? []).map(fieldOf));
    }
    return [known, view.offset];
  };
  const fieldOf = (field) => {
    if ("view" in field) return placeOf(field.view);
    if ("floats" in field) return sha256(Buffer.from(field.floats.buffer));
    return field;
  };
  const matrixOf = (m) =>
    m === undefined ? null : [placeOf(m.view), m.rows ?? null, m.width ?? m.length, m.ld ?? null];
  const valueAt = (value) => matrixOf(value.matrix ?? value.vector);
  const commands = list.commands.map((command) => {
    if ("call" in command) {
      const { kernel, grid, threads, sharedBytes, args } = command.call;
      return [command.op, kernel, grid, threads, sharedBytes, args.map(fieldOf)];
    }
    const { c, a, b, layout, k, add, bias } = command.gemm;
    return [command.op, layout, k, [c, a, b, add, bias].map(matrixOf)];
  });
  const ends = [inputs.map(valueAt), outputs.map(valueAt), matrixOf(finite)];
  const text = JSON.stringify([commands, ends, sorted(described)]);
  return { nodes: list.commands.length, sha256: sha256(text) };
}

const results = {};
const add = (name, fingerprint) => {
  results[name] = fingerprint;
};

for (const model of ["smollm2-135m", "lorafit-base-5m"]) {
  for (const [batch, sequence] of [
    [1, 128],
    [4, 128],
    [1, 512],
    [8, 256],
  ]) {
    const shape = { batch, sequence };
    const name = `${model} ${batch}x${sequence}`;
    const { step } = programsOf(configs[model], shape);
    add(`onnx ${name}`, onnxFingerprint(step, "ort"));
    add(`tfjs ${name}`, tfjsFingerprint(step));
    add(`cuda ${name}`, cudaFingerprint(step));
    const again = programsOf(configs[model], { ...shape, recompute: true }).step;
    add(`onnx ${name} recompute`, onnxFingerprint(again, "ort"));
    add(`tfjs ${name} recompute`, tfjsFingerprint(again));
    add(`cuda ${name} recompute`, cudaFingerprint(again));
    const rounded = programsOf(configs[model], { ...shape, precision: "bf16" }).step;
    add(`tfjs ${name} bf16`, tfjsFingerprint(rounded));
    add(`cuda ${name} bf16`, cudaFingerprint(rounded));
  }
}
// Biases, dropout, all projections, and the other Programs of a run.
const others = { batch: 2, sequence: 64, targets: "all-linear", dropout: 0.1 };
for (const model of Object.keys(configs)) {
  for (const recompute of [false, true]) {
    const programs = programsOf(configs[model], { ...others, recompute });
    for (const [kind, program] of Object.entries(programs)) {
      const name = `${model} 2x64 all-linear dropout ${kind}${recompute ? " recompute" : ""}`;
      add(`onnx ${name}`, onnxFingerprint(program, "ort"));
      // Exported graphs are never differentiated.
      if (kind === "evaluate") add(`portable ${name}`, onnxFingerprint(program, "portable"));
      add(`tfjs ${name}`, tfjsFingerprint(program));
      add(`cuda ${name}`, cudaFingerprint(program));
    }
  }
  const packed = programsOf(configs[model], { ...others, precision: "bf16", packed: "q8_0" }).step;
  add(`cuda ${model} 2x64 all-linear dropout step packed`, cudaFingerprint(packed));
  const decoding = decodingProgram(configs[model]);
  add(`portable ${model} decoding`, onnxFingerprint(decoding, "portable"));
  const swappable = injectLora(decoding, layoutOf(configs[model], "all-linear"), "inputs");
  add(`portable ${model} decoding, factors as inputs`, onnxFingerprint(swappable, "portable"));
}

const file = new URL("results/graphs.json", import.meta.url);
if (flags.check) {
  const before = JSON.parse(readFileSync(file, "utf8"));
  const names = [...new Set([...Object.keys(before), ...Object.keys(results)])];
  const changed = names.filter((name) => before[name]?.sha256 !== results[name]?.sha256);
  for (const name of changed)
    console.log(`changed: ${name} (${before[name]?.nodes} nodes, now ${results[name]?.nodes})`);
  console.log(`${names.length - changed.length} of ${names.length} graphs are unchanged`);
  process.exitCode = changed.length === 0 ? 0 : 1;
} else {
  writeFileSync(file, `${JSON.stringify(results, null, 2)}\n`);
  console.log(`${Object.keys(results).length} graphs in bench/results/graphs.json`);
}
