import type { GateActivation } from "../../../ops/attrs.ts";
import { GATES } from "../../../ops/gated-mlp.ts";
import { tensor } from "../tensor.ts";
import type { Kernel } from "./kernel.ts";

/** sigmoid(u(x)): the part of its input that a gate lets through. */
const open = (x: number, activation: GateActivation): number =>
  1 / (1 + Math.exp(-x * (GATES[activation].linear + GATES[activation].cubic * x * x)));

export const gatedMlp: Kernel<"gatedMlp"> = ({ gate, up }, { activation }) => ({
  y: tensor(
    gate.shape,
    gate.data.map((g, i) => g * open(g, activation) * up.data[i]!),
  ),
});

export const gatedMlpGrad: Kernel<"gatedMlpGrad"> = ({ dy, gate, up }, { activation }) => {
  const { linear, cubic } = GATES[activation];
  const dGate = gate.data.map((g, i) => {
    const s = open(g, activation);
    return dy.data[i]! * up.data[i]! * s * (1 + g * (linear + 3 * cubic * g * g) * (1 - s));
  });
  const dUp = gate.data.map((g, i) => dy.data[i]! * g * open(g, activation));
  return { dGate: tensor(gate.shape, dGate), dUp: tensor(gate.shape, dUp) };
};
