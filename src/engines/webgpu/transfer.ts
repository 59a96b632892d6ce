import type { InferenceSession, Tensor } from "onnxruntime-node";
import { encodeOnnx } from "../../formats/onnx.ts";
import type { HostTensor } from "../engine.ts";
import { GraphEmitter } from "../onnx/graph.ts";
import type { Runtime } from "../onnx/runtime.ts";
import { hostTensor } from "../onnx/tensors.ts";
import { providerOptions } from "./provider.ts";

/**
 * Copies float32 tensors between host and device. The runtime's own `getData` of a device tensor ends the process, so both ways
 * are graphs of one node, with the output where it is wanted.
 */
export class Transfer {
  static #shared: Transfer | undefined;
  readonly #runtime: Runtime;
  readonly #graphs = new Map<string, Promise<InferenceSession>>();

  private constructor(runtime: Runtime) {
    this.#runtime = runtime;
  }

  /** One for the process, never closed: with its last session, the provider loses the device and all compiled shaders. */
  static on(runtime: Runtime): Transfer {
    Transfer.#shared ??= new Transfer(runtime);
    return Transfer.#shared;
  }

  async upload({ shape, data }: HostTensor): Promise<Tensor> {
    const numbers = data instanceof Float32Array ? data : Float32Array.from(data as Float64Array);
    const x = new this.#runtime.Tensor("float32", numbers, shape);
    return (await (await this.#copy(shape.length, "gpu-buffer")).run({ x }))["y"] as Tensor;
  }

  async download(x: Tensor): Promise<HostTensor> {
    return hostTensor((await (await this.#copy(x.dims.length, "cpu")).run({ x }))["y"] as Tensor);
  }

  #copy(rank: number, location: "cpu" | "gpu-buffer"): Promise<InferenceSession> {
    const key = `${rank} ${location}`;
    const known = this.#graphs.get(key);
    if (known !== undefined) return known;
    const shape = Array.from({ length: rank }, (_, i) => `d${i}`);
    const g = new GraphEmitter("webgpu");
    g.output("y", "float", shape, g.node("Identity", [g.input("x", "float", shape)], {}, shape));
    const made = this.#runtime.InferenceSession.create(
      encodeOnnx(g.finish("copy")),
      providerOptions({ y: location }),
    );
    this.#graphs.set(key, made);
    return made;
  }
}
