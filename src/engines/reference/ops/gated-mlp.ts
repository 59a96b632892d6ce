import { tensor } from "../tensor.ts";
import type { Kernel } from "./kernel.ts";

const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));

export const gatedMlp: Kernel<"gatedMlp"> = ({ gate, up }) => ({
  y: tensor(
    gate.shape,
    gate.data.map((g, i) => g * sigmoid(g) * up.data[i]!),
  ),
});

export const gatedMlpGrad: Kernel<"gatedMlpGrad"> = ({ dy, gate, up }) => {
  const dGate = gate.data.map((g, i) => {
    const s = sigmoid(g);
    return dy.data[i]! * up.data[i]! * s * (1 + g * (1 - s));
  });
  const dUp = gate.data.map((g, i) => dy.data[i]! * g * sigmoid(g));
  return { dGate: tensor(gate.shape, dGate), dUp: tensor(gate.shape, dUp) };
};
