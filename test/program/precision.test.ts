import { expect, test } from "vitest";
import { chat } from "../../src/kinds/chat/chat.ts";
import { ProgramBuilder } from "../../src/program/builder.ts";
import { frozenInBf16 } from "../../src/program/precision.ts";
import { inputsOf, outputsOf } from "../../src/program/program.ts";
import { trainingPrograms } from "../../src/train/programs.ts";
import { OPTIMIZER, randomAdapter, tinyConfig, tinyFeeds } from "../tiny-model.ts";

test("frozen matrices are bf16, norm weights are float32, and q, k and v share the cast of their input", () => {
  const model = tinyConfig();
  const { layout } = randomAdapter(model);
  const { batch, sequence, labelled } = tinyFeeds(model);
  const shape = { batch, sequence, labelled };
  const options = { model, layout, shape, kind: chat, optimizer: OPTIMIZER, dropout: 0, recompute: false };
  const { step } = trainingPrograms({ ...options, precision: "bf16" });
  for (const id of step.weights) {
    const { name, dtype, shape } = step.values[id]!;
    expect(dtype, name).toBe(shape.length === 2 ? "bf16" : "f32");
  }
  const casts = step.nodes.filter(({ op, scope }) => op === "cast" && scope === "layers.0");
  // Inputs of q, k and v; of o; of gate and up; of down.
  expect(casts.length).toBe(4);
  const readers = step.nodes.filter((node) => inputsOf(node).includes(outputsOf(casts[0]!)[0]!));
  expect(readers.map(({ op }) => op)).toEqual([
    ...Array<string>(3).fill("loraLinear"),
    ...Array<string>(3).fill("loraLinearGrad"),
  ]);
});

test("a matrix that is also read in another role stays float32, and so does its product", () => {
  const b = new ProgramBuilder("shared");
  const x = b.input("x", "f32", [2, 3]);
  const weight = b.weight("w", [4, 3]);
  b.output(b.node("linear", { x, weight }, {}).y);
  b.output(b.node("scale", { x: weight }, { factor: 2 }).y);
  const program = b.build();
  expect(frozenInBf16(program)).toEqual(program);
});
