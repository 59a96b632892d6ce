import { dequantise, quantise } from "../../formats/quantise.ts";
import type { OpName } from "../../ops/attrs.ts";
import type { Inputs } from "../../ops/signatures.ts";
import { lastUses } from "../../program/liveness.ts";
import {
  inputsOf,
  mapNamed,
  type Named,
  type NodeOf,
  outputsOf,
  type Program,
  type Value,
  type ValueId,
} from "../../program/program.ts";
import type { Engine, EngineSession, EngineWeights, Executable, HostTensor, Tensors } from "../engine.ts";
import { adamw, clipScale, sumSquares } from "./ops/adamw.ts";
import { attention, attentionGrad, cachedAttention } from "./ops/attention.ts";
import { crossEntropy, lastToken, trainedLinear, trainedLinearGrad } from "./ops/class-head.ts";
import { concatColumns, splitColumns } from "./ops/columns.ts";
import { contrastive } from "./ops/contrastive.ts";
import { cachedGatedConv, gatedConv, gatedConvGrad } from "./ops/gated-conv.ts";
import { gatedMlp, gatedMlpGrad } from "./ops/gated-mlp.ts";
import { gelu, geluGrad } from "./ops/gelu.ts";
import type { Kernel } from "./ops/kernel.ts";
import { layerNorm, layerNormGrad } from "./ops/layer-norm.ts";
import { linear, linearGrad } from "./ops/linear.ts";
import { linearCrossEntropy } from "./ops/linear-cross-entropy.ts";
import { loraLinear, loraLinearGrad } from "./ops/lora-linear.ts";
import { rmsNorm, rmsNormGrad } from "./ops/rms-norm.ts";
import { rope } from "./ops/rope.ts";
import {
  add,
  cast,
  columnIndex,
  embed,
  flatten,
  gatherRows,
  multiply,
  scale,
  scatterRows,
  unflatten,
  zerosLike,
} from "./ops/shape.ts";
import { fromHost, type Tensor, tensor, toBf16 } from "./tensor.ts";

const KERNELS = {
  embed,
  columnIndex,
  add,
  multiply,
  cast,
  scale,
  linear,
  linearGrad,
  loraLinear,
  loraLinearGrad,
  rmsNorm,
  rmsNormGrad,
  layerNorm,
  layerNormGrad,
  rope,
  attention,
  attentionGrad,
  cachedAttention,
  gatedMlp,
  gatedMlpGrad,
  gelu,
  geluGrad,
  splitColumns,
  concatColumns,
  contrastive,
  gatedConv,
  gatedConvGrad,
  cachedGatedConv,
  gatherRows,
  scatterRows,
  linearCrossEntropy,
  lastToken,
  trainedLinear,
  trainedLinearGrad,
  crossEntropy,
  unflatten,
  flatten,
  sumSquares,
  clipScale,
  adamw,
  zerosLike,
} satisfies { readonly [Op in OpName]: Kernel<Op> };

/**
 * The specification: every operation in plain float64 loops, node by node. Another engine is correct if it agrees with it.
 */
export const referenceEngine: Engine = {
  name: "reference",
  precisions: ["float32", "bf16"],
  probe: async () => null,
  open: async (weights) => new ReferenceSession(weights),
};

/** Key of a weight in the format in which a Program reads it. */
const keyOf = ({ name, dtype, packed }: Value): string => `${packed ?? dtype} ${name}`;

class ReferenceSession implements EngineSession {
  readonly device = "TypeScript, float64";
  readonly #weights: EngineWeights;
  readonly #loaded = new Map<string, Tensor>();
  readonly #state = new Map<string, Tensor>();
  #peakBytes = 0;

  constructor(weights: EngineWeights) {
    this.#weights = weights;
  }

  async compile(program: Program): Promise<Executable> {
    for (const id of program.weights) {
      const value = program.values[id]!;
      if (this.#loaded.has(keyOf(value))) continue;
      const { name, shape, dtype, packed } = value;
      const values = this.#weights.read(name);
      const kept = packed === undefined ? values : dequantise(packed, quantise(packed, values));
      const weight = tensor(shape as number[], Float64Array.from(kept));
      this.#loaded.set(keyOf(value), dtype === "bf16" ? toBf16(weight) : weight);
    }
    const uses = lastUses(program);
    return { program, run: async (feeds) => this.#run(program, uses, feeds), dispose: async () => {} };
  }

  async readState(names?: readonly string[]): Promise<Tensors> {
    const wanted = names ?? [...this.#state.keys()];
    return Object.fromEntries(wanted.map((name) => [name, toHost(this.#stateOf(name))]));
  }

  async writeState(state: Tensors): Promise<void> {
    for (const [name, value] of Object.entries(state)) this.#state.set(name, fromHost(value));
  }

  memory(): { liveBytes: number; peakBytes: number } {
    const held = [...this.#loaded.values(), ...this.#state.values()];
    const liveBytes = held.reduce((sum, t) => sum + t.data.byteLength, 0);
    return { liveBytes, peakBytes: liveBytes + this.#peakBytes };
  }

  async close(): Promise<void> {
    this.#loaded.clear();
    this.#state.clear();
  }

  #stateOf(name: string): Tensor {
    const value = this.#state.get(name);
    if (value === undefined) throw new Error(`state ${name} was never written`);
    return value;
  }

  #run(program: Program, uses: ReadonlyMap<ValueId, number>, feeds: Tensors) {
    const name = (id: ValueId): string => program.values[id]!.name;
    const live = new Map<ValueId, Tensor>();
    for (const id of program.inputs) {
      const feed = feeds[name(id)];
      if (feed === undefined) throw new Error(`input ${name(id)} of ${program.name} was not fed`);
      live.set(id, fromHost(feed));
    }
    for (const id of program.weights) live.set(id, this.#loaded.get(keyOf(program.values[id]!))!);
    for (const { value } of program.state) live.set(value, this.#stateOf(name(value)));
    let bytes = 0;
    for (const [i, node] of program.nodes.entries()) {
      for (const [id, output] of runNode(node, live)) {
        live.set(id, output);
        bytes += output.data.byteLength;
      }
      this.#peakBytes = Math.max(this.#peakBytes, bytes);
      for (const id of new Set([...inputsOf(node), ...outputsOf(node)])) {
        if (uses.get(id) !== i || program.weights.includes(id) || program.inputs.includes(id)) continue;
        if (program.state.some((slot) => slot.value === id)) continue;
        bytes -= live.get(id)!.data.byteLength;
        live.delete(id);
      }
    }
    const committed = program.guards.every((id) => live.get(id)!.data.every(Number.isFinite));
    if (committed) for (const { value, next } of program.state) this.#state.set(name(value), live.get(next)!);
    const outputs = Object.fromEntries(program.outputs.map((id) => [name(id), toHost(live.get(id)!)]));
    return { outputs, committed };
  }
}

/** Ids and tensors of the node's outputs. */
function runNode<Op extends OpName>(
  node: NodeOf<Op>,
  live: ReadonlyMap<ValueId, Tensor>,
): [ValueId, Tensor][] {
  const kernel = KERNELS[node.op] as unknown as Kernel<Op>;
  const inputs = mapNamed(node.inputs as Named<ValueId>, (id) => live.get(id)!);
  const outputs = kernel(inputs as unknown as Inputs<Op, Tensor>, node.attrs) as Named<Tensor>;
  return Object.entries(node.outputs as Named<ValueId>).flatMap(([name, id]): [ValueId, Tensor][] => {
    const made = [outputs[name]!].flat() as Tensor[];
    return [id].flat().map((each, i) => [each as ValueId, made[i]!]);
  });
}

/** A copy, so that callers cannot change the state. */
const toHost = ({ shape, data }: Tensor): HostTensor => ({ shape: [...shape], data: data.slice() });
