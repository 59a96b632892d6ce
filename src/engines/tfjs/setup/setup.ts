import { rmSync } from "node:fs";
import { LorafitError } from "../../../errors.ts";
import { probeNativeTf } from "../native.ts";
import { setupFolder, setupPackage } from "../packages.ts";
import { BUILT_WITHOUT_CUDA, probePackage, type UsableNative } from "../probe.ts";
import { isDiskFull } from "./command.ts";
import { folderSize, openFolder } from "./folder.ts";
import { installPackage, isInstalled } from "./npm.ts";
import { type Route, type RouteOptions, routesFor, variantFor } from "./routes.ts";
import { type FetchEvent, keepOnly } from "./wheels.ts";

export type SetupEvent =
  | FetchEvent
  | { readonly kind: "refused"; readonly route: Route["name"]; readonly reason: string };

export interface SetupOptions extends RouteOptions {
  onEvent(event: SetupEvent): void;
}

export interface SetupResult {
  readonly probe: UsableNative;
  /** "found" if nothing had to be done. */
  readonly route: Route["name"] | "found";
  readonly folder: string;
  /** On disk, in `folder`. */
  readonly bytes: number;
}

/** Removes everything that was set up. */
export function removeNativeTf(): { readonly folder: string; readonly bytes: number } {
  const folder = setupFolder();
  const bytes = folderSize(folder);
  rmSync(folder, { recursive: true, force: true });
  return { folder, bytes };
}

/**
 * Makes a native TensorFlow work in our own folder, unless one works already. The next call continues a killed one.
 * @throws environment error with the reason of each route; usage error as `routesFor`
 */
export async function setUpNativeTf(options: SetupOptions): Promise<SetupResult> {
  const { gpu, tensorflow, signal, onEvent } = options;
  if (tensorflow === undefined) {
    const found = await probeNativeTf();
    if (found.usable && suits(found, gpu)) return resultOf(found, "found");
  }
  requireSupportedSystem();
  openFolder(setupFolder());
  const routes = await routesFor(options);
  if (!isInstalled()) {
    onEvent({ kind: "step", step: "install the npm package" });
    await installPackage(signal);
  }
  const failures: LorafitError[] = [];
  for (const { name, prepare } of routes) {
    try {
      if (!(await prepare())) continue;
      onEvent({ kind: "step", step: "load it and multiply" });
      const probe = await probePackage(setupPackage());
      if (!probe.usable) throw new LorafitError("environment", probe.reason);
      if (!suits(probe, gpu)) throw new LorafitError("environment", BUILT_WITHOUT_CUDA);
      keepOnly(name === "wheel" ? variantFor(options) : null);
      return resultOf(probe, name);
    } catch (error) {
      signal.throwIfAborted();
      if (!LorafitError.is(error) || isDiskFull(error.message)) throw error;
      failures.push(error);
      onEvent({ kind: "refused", route: name, reason: error.message });
    }
  }
  const [first] = failures;
  throw new LorafitError(
    "environment",
    `TensorFlow could not be set up: ${failures.map(({ message }) => message).join("; ")}`,
    first?.hint === undefined ? {} : { hint: first.hint },
  );
}

/** With `gpu`: true if the library is built with CUDA, whether or not the machine has a GPU. */
function suits(native: UsableNative, gpu: boolean): boolean {
  return !(gpu && native.gpuReason === BUILT_WITHOUT_CUDA);
}

function resultOf(probe: UsableNative, route: SetupResult["route"]): SetupResult {
  const folder = setupFolder();
  return { probe, route, folder, bytes: folderSize(folder) };
}

function requireSupportedSystem(): void {
  if (process.platform === "linux" && process.arch === "x64") return;
  throw new LorafitError(
    "environment",
    `setup tfjs: not for ${process.platform} ${process.arch}, but Linux x64`,
    {
      hint: "install @tensorflow/tfjs-node beside lorafit in its own way; lorafit uses it when it works",
    },
  );
}
