import type { InferenceSession, Tensor } from "onnxruntime-node";
import { encodeOnnx } from "../../formats/onnx.ts";
import type { Program } from "../../program/program.ts";
import { compileOnce } from "../compile-once.ts";
import type { EngineSession, EngineWeights, Executable, HostTensor, Tensors } from "../engine.ts";
import { elementOf, guardName, hiddenGuards, nextName, outputName, replacedState } from "../onnx/lower.ts";
import type { Runtime } from "../onnx/runtime.ts";
import { feedTensor, hostTensor } from "../onnx/tensors.ts";
import { explained } from "../out-of-memory.ts";
import { runBytes, type StepBuffers, stepBuffers, webgpuGraph } from "./memory.ts";
import { providerOptions } from "./provider.ts";
import { Transfer } from "./transfer.ts";

/**
 * Programs as ONNX graphs on the WebGPU provider. Weights and state are device tensors that all graphs take as inputs, so each
 * weight is on the device once. A run uploads the Program's inputs and downloads its outputs and guards.
 */
export class WebgpuSession implements EngineSession {
  readonly device: string;
  readonly #runtime: Runtime;
  readonly #source: EngineWeights;
  readonly #transfer: Transfer;
  readonly #weights = new Map<string, Promise<Tensor>>();
  readonly #state = new Map<string, Tensor>();
  readonly #compiled = new Map<Program, Promise<Executable>>();
  readonly #heldWeights = new Set<Tensor>();
  readonly #plans = new Map<Program, StepBuffers>();

  constructor(runtime: Runtime, source: EngineWeights, device: string) {
    this.#runtime = runtime;
    this.#source = source;
    this.#transfer = Transfer.on(runtime);
    this.device = device;
  }

  /** One executable for each Program, by identity. */
  compile(program: Program): Promise<Executable> {
    return compileOnce(this.#compiled, program, () => this.#compile(program));
  }

  async readState(names?: readonly string[]): Promise<Tensors> {
    const tensors: Record<string, HostTensor> = {};
    for (const name of names ?? this.#state.keys()) {
      tensors[name] = await this.#transfer.download(this.#stateOf(name));
    }
    return tensors;
  }

  async writeState(state: Tensors): Promise<void> {
    for (const [name, tensor] of Object.entries(state)) {
      this.#replace(name, await this.#transfer.upload(tensor));
    }
  }

  /**
   * liveBytes: weights, state and the constants of compiled graphs. peakBytes: with the buffers of the largest graph, by the plan,
   * because onnxruntime does not report them.
   */
  memory(): { liveBytes: number; peakBytes: number } {
    const plans = [...this.#plans.values()];
    const held = [...this.#heldWeights, ...this.#state.values()].reduce((sum, { size }) => sum + 4 * size, 0);
    const liveBytes = held + plans.reduce((sum, { constants }) => sum + constants, 0);
    return { liveBytes, peakBytes: liveBytes + Math.max(0, ...plans.map(runBytes)) };
  }

  async close(): Promise<void> {
    for (const compiled of [...this.#compiled.values()]) await (await compiled).dispose();
    for (const weight of this.#heldWeights) weight.dispose();
    this.#heldWeights.clear();
    for (const tensor of this.#state.values()) tensor.dispose();
    this.#weights.clear();
    this.#state.clear();
  }

  async #compile(program: Program): Promise<Executable> {
    const nameOf = (id: number): string => program.values[id]!.name;
    const graph = webgpuGraph(program);
    const read = new Set(graph.inputs.map(({ name }) => name));
    const weights = new Map<string, Tensor>();
    for (const name of program.weights.map(nameOf)) {
      if (read.has(name)) weights.set(name, await this.#weight(name, program));
    }
    const onHost = [
      ...program.outputs.map((id) => outputName(program, id)),
      ...hiddenGuards(program).map((id) => guardName(nameOf(id))),
    ];
    const replaced = replacedState(program).map(({ value }) => nameOf(value));
    const session = await this.#runtime.InferenceSession.create(
      encodeOnnx(graph),
      providerOptions({
        ...Object.fromEntries(onHost.map((name) => [name, "cpu" as const])),
        ...Object.fromEntries(replaced.map((name) => [nextName(name), "gpu-buffer" as const])),
      }),
    );
    this.#plans.set(program, stepBuffers(graph, new Set(program.inputs.map(nameOf))));
    return {
      program,
      hostCalls: { kernels: graph.nodes.length, uploads: program.inputs.length, downloads: onHost.length },
      run: (feeds) => this.#run(program, session, weights, feeds),
      dispose: async () => {
        this.#plans.delete(program);
        if (this.#compiled.delete(program)) await session.release();
      },
    };
  }

  /** Uploads the weight at its first use. */
  #weight(name: string, program: Program): Promise<Tensor> {
    const known = this.#weights.get(name);
    if (known !== undefined) return known;
    const shape = program.values.find((value) => value.name === name)!.shape as number[];
    const uploading = this.#transfer.upload({ shape, data: this.#source.read(name) }).then((weight) => {
      this.#heldWeights.add(weight);
      return weight;
    });
    this.#weights.set(name, uploading);
    return uploading;
  }

  #stateOf(name: string): Tensor {
    const tensor = this.#state.get(name);
    if (tensor === undefined) throw new Error(`state ${name} was never written`);
    return tensor;
  }

  #replace(name: string, tensor: Tensor): void {
    const old = this.#state.get(name);
    this.#state.set(name, tensor);
    old?.dispose();
  }

  async #run(
    program: Program,
    session: InferenceSession,
    weights: ReadonlyMap<string, Tensor>,
    given: Tensors,
  ): Promise<{ outputs: Tensors; committed: boolean }> {
    const nameOf = (id: number): string => program.values[id]!.name;
    const feeds: Record<string, Tensor> = Object.fromEntries(weights);
    for (const { value } of program.state) feeds[nameOf(value)] = this.#stateOf(nameOf(value));
    for (const id of program.inputs) {
      const value = program.values[id]!;
      feeds[value.name] = feedTensor(this.#runtime, program, value, elementOf("webgpu", value.dtype), given);
    }
    const results = await session.run(feeds).catch((error: unknown) => {
      throw explained("webgpu", program, error);
    });
    const guards = program.guards.map(
      (id) => results[outputName(program, id)] ?? results[guardName(nameOf(id))]!,
    );
    const committed = guards.every((guard) => (guard.data as Float32Array).every(Number.isFinite));
    for (const { value } of replacedState(program)) {
      const next = results[nextName(nameOf(value))]!;
      if (committed) this.#replace(nameOf(value), next);
      else next.dispose();
    }
    return {
      outputs: Object.fromEntries(
        program.outputs.map((id) => [nameOf(id), hostTensor(results[outputName(program, id)]!)]),
      ),
      committed,
    };
  }
}
