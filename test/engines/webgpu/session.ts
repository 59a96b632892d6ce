import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { InferenceSession } from "onnxruntime-node";
import { expect, it } from "vitest";
import { CASES } from "../../../src/engines/conformance/cases.ts";
import { prepareCase } from "../../../src/engines/conformance/run.ts";
import type { EngineSession, Tensors } from "../../../src/engines/engine.ts";
import { memoryWeights } from "../../../src/engines/memory-weights.ts";
import { lowerProgram } from "../../../src/engines/onnx/lower.ts";
import { onnxEngine } from "../../../src/engines/onnx/onnx.ts";
import { loadRuntime, type Runtime } from "../../../src/engines/onnx/runtime.ts";
import { firstFault } from "../../../src/engines/webgpu/fault.ts";
import { WebgpuSession } from "../../../src/engines/webgpu/session.ts";
import { webgpuEngine } from "../../../src/engines/webgpu/webgpu.ts";
import { chat } from "../../../src/kinds/chat/chat.ts";
import { ProgramBuilder } from "../../../src/program/builder.ts";
import { trainingPrograms } from "../../../src/train/programs.ts";
import { expectClose } from "../../expect-close.ts";
import {
  OPTIMIZER,
  randomAdapter,
  randomWeights,
  tinyConfig,
  tinyFeeds,
  updateFeeds,
} from "../../tiny-model.ts";
import { describeState } from "../state.ts";

const config = tinyConfig();
const { layout, parameters } = randomAdapter(config);
const { batch, sequence, labelled, count, feeds } = tinyFeeds(config);
const programs = trainingPrograms({
  model: config,
  layout,
  shape: { batch, sequence, labelled },
  kind: chat,
  optimizer: OPTIMIZER,
  dropout: 0,
  recompute: false,
  precision: "float32",
});
const memory = memoryWeights(randomWeights(config));
const zeros = { shape: parameters.shape, data: new Float32Array(layout.size) };
const START: Tensors = { parameters, moment1: zeros, moment2: zeros };

/** Losses of steps `from` to `to`, and the state after them. */
async function train(
  session: EngineSession,
  from: number,
  to: number,
): Promise<{ losses: number[]; state: Tensors }> {
  const step = await session.compile(programs.step);
  const losses: number[] = [];
  for (let t = from; t <= to; t++) {
    const { outputs } = await step.run({ ...feeds, ...updateFeeds(count, 1e-2, t) });
    losses.push(Number(outputs["loss_sum"]!.data[0]));
  }
  return { losses, state: await session.readState(Object.keys(START)) };
}

/** A runtime whose sessions write a profile; `nodes` reads what they ran. */
async function profiling(): Promise<{ runtime: Runtime; nodes: () => { op: string; provider: string }[] }> {
  const folder = mkdtempSync(join(tmpdir(), "lorafit-profile-"));
  const runtime = await loadRuntime();
  const made: InferenceSession[] = [];
  const InferenceSession = {
    async create(model: Uint8Array, options: InferenceSession.SessionOptions) {
      const profile = { enableProfiling: true, profileFilePrefix: join(folder, `${made.length}`) };
      made.push(await runtime.InferenceSession.create(model, { ...options, ...profile }));
      return made.at(-1)!;
    },
  };
  return {
    runtime: { ...runtime, InferenceSession } as unknown as Runtime,
    nodes() {
      for (const session of made) session.endProfiling();
      const events = readdirSync(folder).flatMap((name) =>
        JSON.parse(readFileSync(join(folder, name), "utf8")),
      );
      rmSync(folder, { recursive: true });
      return events
        .filter(({ cat, args }) => cat === "Node" && args?.provider !== undefined)
        .map(({ args }) => ({ op: args.op_name, provider: args.provider }));
    },
  };
}

export function describeSession(): void {
  describeState(webgpuEngine, () => 0);

  it("follows onnx for 20 steps, gives the same bytes twice, and resumes exactly", async () => {
    const [webgpu, again, onnx] = [
      await webgpuEngine.open(memory),
      await webgpuEngine.open(memory),
      await onnxEngine.open(memory),
    ];
    for (const session of [webgpu, again, onnx]) await session.writeState(START);
    const whole = await train(webgpu, 1, 20);
    const expected = await train(onnx, 1, 20);
    for (const [i, loss] of whole.losses.entries())
      expectClose([loss], [expected.losses[i]!], 1e-3, `loss of step ${i + 1}`);
    expect(whole.losses.at(-1)).toBeLessThan(0.7 * whole.losses[0]!);

    const half = await train(again, 1, 11);
    await again.close();
    const resumed = await webgpuEngine.open(memory);
    await resumed.writeState(half.state);
    const rest = await train(resumed, 12, 20);
    expect([...half.losses, ...rest.losses]).toEqual(whole.losses);
    expect(rest.state).toEqual(whole.state);
    for (const session of [webgpu, resumed, onnx]) await session.close();
  });

  it("runs every node of a step on the device, and moves the batch and the numbers only", async () => {
    const { runtime, nodes } = await profiling();
    const session = new WebgpuSession(runtime, memory, "profiled");
    await session.writeState(START);
    const executable = await session.compile(programs.step);
    await train(session, 1, 2);
    const ran = nodes();
    expect(ran.length).toBeGreaterThanOrEqual(2 * executable.hostCalls!.kernels - 100);
    expect(ran.filter(({ provider }) => provider !== "WebGpuExecutionProvider")).toEqual([]);
    expect(ran.filter(({ op }) => op.startsWith("Memcpy"))).toEqual([]);
    expect(executable.hostCalls).toMatchObject({ uploads: 10, downloads: 3 });
    await session.close();
  });

  it("refuses a Program with a node that the provider cannot compute", async () => {
    const b = new ProgramBuilder("rounding");
    b.output(b.node("cast", { x: b.input("x", "f32", [2]) }, { to: "bf16" }).y);
    const session = await webgpuEngine.open(memory);
    await expect(session.compile(b.build())).rejects.toThrow("float32 only");
    await session.close();
  });

  it("reports that memory ran out", async () => {
    const session = await webgpuEngine.open(memory);
    const b = new ProgramBuilder("huge");
    const column = b.input("column", "f32", [2 ** 21, 1]);
    b.output(b.node("linear", { x: column, weight: column }, {}).y);
    const { run } = await session.compile(b.build());
    const feed = { shape: [2 ** 21, 1], data: new Float32Array(2 ** 21) };
    await expect(run({ column: feed })).rejects.toMatchObject({
      kind: "environment",
      message: "webgpu engine: huge needs more memory than there is",
    });
    await session.close();
  });

  it("explains a lost device", async () => {
    const { Tensor, env, InferenceSession } = await loadRuntime();
    // Dawn's words for what SwiftShader cannot be made to do.
    const lost = async (model: Uint8Array, options: InferenceSession.SessionOptions) => {
      const session = await InferenceSession.create(model, options);
      const run = () => Promise.reject(new Error("WebGPU validation failed. [Device] is lost."));
      return { run, release: () => session.release() };
    };
    const runtime = { Tensor, env, InferenceSession: { create: lost } } as unknown as Runtime;
    const session = new WebgpuSession(runtime, memoryWeights({}), "lost");
    const b = new ProgramBuilder("step");
    b.output(b.node("scale", { x: b.input("x", "f32", [1]) }, { factor: 2 }).y);
    const { run } = await session.compile(b.build());
    await expect(run({ x: { shape: [1], data: Float32Array.of(1) } })).rejects.toMatchObject({
      kind: "environment",
      message: "webgpu engine: the GPU was lost in step",
      hint: expect.stringContaining("--resume"),
    });
    await session.close();
  });

  it("names the smallest graph that shows a fault of the provider", async () => {
    const runtime = await loadRuntime();
    const { program, feeds, weights } = await prepareCase("rmsNorm", CASES.rmsNorm[0]!);
    // onnx's graph, with the operator whose second output the provider leaves uncomputed.
    const graph = lowerProgram(program, { profile: "ort", weight: () => ({ fed: true }) });
    const tensors = Object.fromEntries(
      Object.entries({ ...feeds, ...weights }).map(([name, { shape, data }]) => [
        name,
        new runtime.Tensor("float32", data as Float32Array, shape),
      ]),
    );
    expect(await firstFault(runtime, graph, tensors, 1e-5)).toMatch(
      /^SimplifiedLayerNormalization\(float\[8,8\], float\[8\]\) \{.*\}: output 2 is off by [\d.e+-]+$/,
    );
    const attention = await prepareCase("attention", CASES.attention[0]!);
    const memory = memoryWeights({});
    expect(await webgpuEngine.smallestFault!(attention.program, memory, attention.feeds)).toBe(null);
    memory.dispose();
  });

  it("plans the memory that a session reports", async () => {
    const session = await webgpuEngine.open(memory);
    await session.writeState(START);
    await train(session, 1, 1);
    const { weights, state, activations } = webgpuEngine.deviceMemory!([programs.step]);
    const { liveBytes, peakBytes } = session.memory();
    expect(peakBytes).toBe(weights + state + activations);
    expect(liveBytes).toBeGreaterThan(weights + state);
    await session.close();
  });
}
