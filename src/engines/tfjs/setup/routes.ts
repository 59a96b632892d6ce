import { rmSync } from "node:fs";
import { delimiter, join, resolve } from "node:path";
import { LorafitError } from "../../../errors.ts";
import { packageFolder, setupFolder, setupPackage } from "../packages.ts";
import { buildBinding, compilerVersion, isTensorflow } from "./binding.ts";
import { command } from "./command.ts";
import { type FetchEvent, fetchLibrary, type Variant } from "./wheels.ts";

export interface RouteOptions {
  /** True for TensorFlow with CUDA; otherwise an existing library, or the smallest one. */
  readonly gpu: boolean;
  /** Command of a Python with pip. */
  readonly python: string;
  /** Folder `tensorflow` to build against; no other route is tried. */
  readonly tensorflow?: string;
  readonly signal: AbortSignal;
  onEvent(event: FetchEvent): void;
}

export const variantFor = ({ gpu }: Pick<RouteOptions, "gpu">): Variant => (gpu ? "cuda" : "cpu");

/** One way to obtain the package's native part. */
export interface Route {
  readonly name: "given" | "installed" | "wheel" | "official";
  /** Puts the native part into the package. @returns false if this route has nothing to offer */
  prepare(): Promise<boolean>;
}

/**
 * Routes that this machine's programs allow, in order of preference: the user's TensorFlow, then the tested version, then the package's
 * install script, which fetches a library of 2022 but needs no other program.
 * @throws usage error for a `tensorflow` that is not one; environment error that names every program that all routes need
 */
export async function routesFor(options: RouteOptions): Promise<readonly Route[]> {
  const { gpu, tensorflow } = options;
  const missing = await missingPrograms(options);
  if (missing.length > 0 && (gpu || tensorflow !== undefined)) throw lacks(missing);
  if (tensorflow !== undefined) return [given(tensorflow, options)];
  const built = missing.length > 0 ? [refused(missing)] : [installed(options), wheel(options)];
  return gpu ? built : [...built, official(options)];
}

function lacks(missing: readonly string[]): LorafitError {
  return new LorafitError("environment", missing.join("; "), {
    hint: "Debian, Ubuntu: apt-get install g++ python3-pip; others can be named in CXX and by --python",
  });
}

/** Replaces the wheel route where its programs are missing, so that they are named if the last route fails as well. */
function refused(missing: readonly string[]): Route {
  return { name: "wheel", prepare: () => Promise.reject(lacks(missing)) };
}

async function missingPrograms({ python, tensorflow, signal }: RouteOptions): Promise<string[]> {
  const checks = [compilerVersion(signal)];
  if (tensorflow === undefined) {
    checks.push(command(python, ["-m", "pip", "--version"], { cwd: setupFolder(), signal }));
  }
  const results = await Promise.allSettled(checks);
  signal.throwIfAborted();
  return results.flatMap((result) => (result.status === "rejected" ? [result.reason.message as string] : []));
}

function given(tensorflow: string, options: RouteOptions): Route {
  const folder = resolve(tensorflow);
  if (!isTensorflow(folder)) {
    throw new LorafitError("usage", `${folder}: no libtensorflow_cc.so.2 with include/tensorflow here`, {
      hint: "name the folder `tensorflow` of an installed or unpacked wheel of TensorFlow",
    });
  }
  return { name: "given", prepare: () => build(folder, options) };
}

function installed(options: RouteOptions): Route {
  const { python, signal } = options;
  const find =
    "import importlib.util as u; s = u.find_spec('tensorflow'); print(*(s and s.submodule_search_locations or []))";
  return {
    name: "installed",
    async prepare() {
      const folder = (await command(python, ["-c", find], { cwd: setupFolder(), signal })).trim();
      return folder !== "" && isTensorflow(folder) && build(folder, options);
    },
  };
}

function wheel(options: RouteOptions): Route {
  return {
    name: "wheel",
    prepare: async () => build(await fetchLibrary(variantFor(options), options), options),
  };
}

async function build(tensorflow: string, { signal, onEvent }: RouteOptions): Promise<true> {
  onEvent({ kind: "step", step: `compile the binding against ${tensorflow}` });
  await buildBinding(tensorflow, signal);
  return true;
}

function official({ signal, onEvent }: RouteOptions): Route {
  return {
    name: "official",
    async prepare() {
      onEvent({ kind: "step", step: "run the package's own install script" });
      const programs = join(packageFolder(), "node_modules", ".bin");
      try {
        await command(process.execPath, ["scripts/install.js", "cpu", "download"], {
          cwd: setupPackage(),
          signal,
          env: { PATH: `${programs}${delimiter}${process.env["PATH"] ?? ""}` },
        });
      } catch (error) {
        rmSync(join(setupPackage(), "deps"), { recursive: true, force: true });
        throw error;
      }
      return true;
    },
  };
}
