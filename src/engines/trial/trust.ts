import { execFile } from "node:child_process";
import { join } from "node:path";
import { z } from "zod";
import { writeFileAtomic } from "../../formats/files.ts";
import { jsonText, readJson } from "../../formats/json.ts";
import { lorafitHome } from "../../home.ts";
import { packageVersion } from "../../package.ts";

/** A first start may compile all kernels for the device. */
const LIMIT_MS = 300_000;

export interface TrialOptions {
  /** URL of a module that exports `tryNamed`, the trial of an engine by its name. */
  readonly module: string;
  readonly limitMs?: number;
}

/**
 * The trial of an engine in a child process, because native code that crashes or hangs must not end this one.
 * @returns why the engine is not to be trusted, in one line; null if its numbers are right
 */
export function runTrial(name: string, { module, limitMs = LIMIT_MS }: TrialOptions): Promise<string | null> {
  const script = `
import { writeSync } from "node:fs";
const { tryNamed } = await import(${JSON.stringify(module)});
writeSync(1, "\\n" + JSON.stringify({ fault: await tryNamed(${JSON.stringify(name)}) }) + "\\n");
process.kill(process.pid, "SIGKILL");`;
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      ["--input-type=module", "-e", script],
      { timeout: limitMs, killSignal: "SIGKILL", maxBuffer: 2 ** 26 },
      (error, stdout, stderr) => {
        const answer = stdout.split("\n").findLast((line) => line.startsWith('{"fault":'));
        if (answer !== undefined) resolve((JSON.parse(answer) as { fault: string | null }).fault);
        else if (error?.killed) resolve(`its trial step did not end within ${limitMs / 1000} s`);
        else if (error?.signal) resolve(`its trial step ended with ${error.signal}`);
        else resolve(`its trial step failed: ${errorIn(stderr)}`);
      },
    );
  });
}

const errorIn = (stderr: string): string =>
  (/^(?:\w*Error(?: \[\w+\])?: )(.*)$/m.exec(stderr)?.[1] ?? stderr.trim().split("\n").at(-1) ?? "").trim() ||
  "it gave no answer";

const KEPT = z.record(z.string(), z.object({ fault: z.string().nullable(), tried: z.string() }));
const keptIn = (): string => join(lorafitHome(), "trials.json");

/** Results of trials on this machine; a file that is absent or damaged has none. */
function kept(): z.infer<typeof KEPT> {
  try {
    return readJson(keptIn(), { schema: KEPT, hint: "" });
  } catch {
    return {};
  }
}

/** Keeps a result; where nothing can be written, the next run tries again. */
function keep(key: string, fault: string | null): void {
  const tried = new Date().toISOString();
  try {
    writeFileAtomic(keptIn(), jsonText({ ...kept(), [key]: { fault, tried } }));
  } catch {}
}

export interface Trial {
  readonly engine: string;
  /** Device, driver and version of the library: the result holds for these. */
  readonly identity: string;
  /** Runs the trial. */
  run(): Promise<string | null>;
}

/**
 * Why the engine is not to be trusted on this machine, or null: the kept result of its trial, or that of a trial now.
 * @param again true: a kept result is replaced
 */
export async function faultOf({ engine, identity, run }: Trial, again = false): Promise<string | null> {
  const key = `${engine}, lorafit ${packageVersion()}, ${identity}`;
  const known = again ? undefined : kept()[key];
  if (known !== undefined) return known.fault;
  const fault = await run();
  keep(key, fault);
  return fault;
}
