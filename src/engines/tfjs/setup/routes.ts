import { rmSync } from "node:fs";
import { delimiter, join, resolve } from "node:path";
import { LorafitError } from "../../../errors.ts";
import { packageFolder, setupFolder, setupPackage } from "../packages.ts";
import { buildBinding, compilerVersion, isTensorflow } from "./binding.ts";
import { command } from "./command.ts";
import { type FetchEvent, fetchLibrary, type Variant } from "./wheels.ts";

export interface RouteOptions {
  /** TensorFlow with CUDA; else what is there or is smallest. */
  readonly gpu: boolean;
  /** The command of a Python with pip. */
  readonly python: string;
  /** A folder `tensorflow` to build against; nothing else is tried. */
  readonly tensorflow?: string;
  readonly signal: AbortSignal;
  onEvent(event: FetchEvent): void;
}

export const variantFor = ({ gpu }: Pick<RouteOptions, "gpu">): Variant => (gpu ? "cuda" : "cpu");

/** One way to the package's native part. */
export interface Route {
  readonly name: "given" | "installed" | "wheel" | "official";
  /** Puts the native part into the package. @returns false when there is nothing to put */
  prepare(): Promise<boolean>;
}

/**
 * The ways that this machine's programs allow, in the order in which to try them: a TensorFlow of the user's own, then
 * the tested version, then the package's own install script, which fetches a library of 2022 but needs no other program.
 * @throws usage error for a `tensorflow` that is none; environment error, naming all programs that no way can do without
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

/** Stands for the wheel where its programs are missing, so that they are named if the last way fails as well. */
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
