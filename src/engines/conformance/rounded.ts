import { bfloat16ToFloat32, float32ToBfloat16 } from "../../formats/numbers.ts";
import { activationsInBf16 } from "../../program/precision.ts";
import type { Engine, EngineWeights, HostTensor, Tensors } from "../engine.ts";
import { referenceEngine } from "../reference/reference.ts";

/**
 * The reference with the roundings of an engine that stores activations in bf16: activations, matrices of weights and fed
 * matrices are rounded.
 */
export const roundedReference: Engine = {
  ...referenceEngine,
  async open(weights, options) {
    const session = await referenceEngine.open(roundedWeights(weights), options);
    return {
      device: session.device,
      readState: (names) => session.readState(names),
      writeState: (state) => session.writeState(state),
      memory: () => session.memory(),
      close: () => session.close(),
      async compile(program) {
        const executable = await session.compile(activationsInBf16(program));
        const run = (feeds: Tensors) => executable.run(roundedMatrices(feeds));
        return { program, run, dispose: () => executable.dispose() };
      },
    };
  },
};

/** The engine to compare `engine` with. */
export const referenceFor = (engine: Engine): Engine =>
  engine.activations === "bf16" ? roundedReference : referenceEngine;

function roundedWeights(weights: EngineWeights): EngineWeights {
  return { ...weights, read: (name) => bfloat16ToFloat32(float32ToBfloat16(weights.read(name))) };
}

/** Rounds every tensor of two or more dimensions to bf16. */
function roundedMatrices(tensors: Tensors): Tensors {
  const rounded = ({ shape, data }: HostTensor): HostTensor => {
    if (shape.length < 2 || !(data instanceof Float32Array)) return { shape, data };
    return { shape, data: bfloat16ToFloat32(float32ToBfloat16(data)) };
  };
  return Object.fromEntries(Object.entries(tensors).map(([name, tensor]) => [name, rounded(tensor)]));
}
