import type { Engine, EngineOptions, EngineSession, EngineWeights } from "../engine.ts";
import { loadNativeTf, probeNativeTf } from "./native.ts";
import { NativeDriver } from "./native-driver.ts";
import type { Tf } from "./node-binding.ts";
import { nodeBackend } from "./node-binding.ts";
import { TfjsSession } from "./session.ts";
import { tfDriver } from "./tf-driver.ts";

/**
 * Engine on the caller's instance of TensorFlow.js and its current backend. (Two copies in one process would share a registry.)
 */
export function tfjsEngine(tf: Tf): Engine {
  return {
    name: "tfjs",
    precisions: nodeBackend(tf) === undefined ? ["float32"] : ["float32", "bf16"],
    probe: async () => null,
    open: async (weights, options) => openSession(tf, weights, options),
  };
}

/**
 * The engine on the TensorFlow that `lorafit setup tfjs` installed, or that is installed beside lorafit, with the precisions that
 * it computes as promised on this machine.
 */
export async function nativeTfjsEngine(): Promise<Engine> {
  const native = await probeNativeTf();
  const withheld = native.usable ? native.withheld : {};
  return {
    name: "tfjs",
    precisions: (["float32", "bf16"] as const).filter((precision) => withheld[precision] === undefined),
    withheld,
    probe: async () => (native.usable ? null : native.reason),
    open: async (weights, options = {}) =>
      openSession(await loadNativeTf({ threads: options.threads ?? 0 }), weights, options),
  };
}

async function openSession(
  tf: Tf,
  weights: EngineWeights,
  { onKernel }: EngineOptions = {},
): Promise<EngineSession> {
  await tf.ready();
  const native = nodeBackend(tf);
  return native === undefined
    ? new TfjsSession(tfDriver(tf), weights, onKernel)
    : new TfjsSession(new NativeDriver(native), weights, onKernel);
}
