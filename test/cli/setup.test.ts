import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { complaintIn } from "../../src/engines/tfjs/setup/command.ts";
import { jsonLines, lorafit } from "./lorafit.ts";

let home: string;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), "lorafit-setup-"));
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

const setup = (args: readonly string[], env: Record<string, string> = {}) =>
  lorafit(["setup", "tfjs", ...args], { env: { LORAFIT_HOME: home, ...env } }).finished;

// Each asks for CUDA, so that no TensorFlow that may be installed here is taken instead.
test.each([
  {
    what: "no Python",
    args: ["--gpu", "--python", "no-such-python"],
    env: {},
    says: /no-such-python: there is no such program/,
  },
  {
    what: "no compiler",
    args: ["--gpu"],
    env: { CXX: "no-such-compiler" },
    says: /no-such-compiler: there is no such program/,
  },
])("$what is one line, a hint and exit code 6, and nothing is downloaded", async ({ args, env, says }) => {
  const { code, stdout, stderr } = await setup(args, env);
  expect(code).toBe(6);
  expect(stdout).toBe("");
  expect(stderr).toMatch(says);
  expect(stderr).toMatch(/apt-get install g\+\+ python3-pip/);
  expect(stderr.trim().split("\n")).toHaveLength(2);
  expect(readdirSync(join(home, "tfjs"))).toEqual([]);
});

test("all programs that are missing are named at once", async () => {
  const finished = await setup(["--gpu", "--python", "no-such-python", "--json"], {
    CXX: "no-such-compiler",
  });
  expect(jsonLines(finished)).toEqual([
    expect.objectContaining({
      event: "error",
      message: "no-such-compiler: there is no such program; no-such-python: there is no such program",
      exit_code: 6,
    }),
  ]);
});

test("a folder without TensorFlow is a usage error", async () => {
  const { code, stderr } = await setup(["--tf-dir", home], { CXX: compilerThatWorks() });
  expect(code).toBe(2);
  expect(stderr).toContain(`${home}: no libtensorflow_cc.so.2`);
});

test("a failing npm is reported with its own message, and leaves nothing behind", async () => {
  const { code, stderr } = await setup(["--tf-dir", emptyTensorflow()], {
    CXX: compilerThatWorks(),
    PATH: pathWith(
      "npm",
      "echo 'npm error code ENOSPC' >&2; echo 'npm error nospc ENOSPC: no space left on device, write' >&2; exit 1",
    ),
  });
  expect(code).toBe(6);
  expect(stderr).toMatch(/npm: .*ENOSPC/);
  expect(stderr).toMatch(/hint: free some space/);
  expect(readdirSync(join(home, "tfjs"))).toEqual([]);
});

test("leftovers of a killed run are removed by the next", async () => {
  mkdirSync(join(home, "tfjs", "package.partial-Ab12Cd", "node_modules"), { recursive: true });
  await setup(["--gpu"], { CXX: "no-such-compiler" });
  expect(readdirSync(join(home, "tfjs"))).toEqual([]);
});

test("--remove deletes the folder, and says when there is none", async () => {
  mkdirSync(join(home, "tfjs", "package"), { recursive: true });
  writeFileSync(join(home, "tfjs", "package", "package.json"), "{}");
  const [removed] = jsonLines(await setup(["--remove", "--json"]));
  expect(removed).toEqual({ event: "removed", folder: join(home, "tfjs"), bytes: 2 });
  expect(readdirSync(home)).toEqual([]);
  const { code, stdout } = await setup(["--remove"]);
  expect([code, stdout]).toEqual([0, `nothing was set up in ${join(home, "tfjs")}\n`]);
});

test.each([
  { printed: "", complaint: undefined },
  {
    printed: "npm warn old\nnpm error code E404\nnpm error A complete log is in x\n",
    complaint: "npm error code E404",
  },
  {
    printed: "WARNING: Retrying\nERROR: No matching distribution found\n",
    complaint: "No matching distribution found",
  },
  {
    printed: "ERROR: one\nOSError: [Errno 28] No space left on device\n",
    complaint: "OSError: [Errno 28] No space left on device",
  },
  {
    printed: "      throw er; // Unhandled 'error' event\nError: getaddrinfo ENOTFOUND host\n",
    complaint: "getaddrinfo ENOTFOUND host",
  },
  { printed: "first\nlast words\n\n", complaint: "last words" },
])("of what a program prints, $complaint is reported", ({ printed, complaint }) => {
  expect(complaintIn(printed)).toBe(complaint);
});

/** A program of this name, before all others on the PATH. */
function pathWith(name: string, script: string): string {
  const folder = mkdtempSync(join(home, "path-"));
  writeFileSync(join(folder, name), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  return `${folder}${delimiter}${process.env["PATH"]}`;
}

/** Answers `--version`, which is all that these tests ask of a compiler. */
const compilerThatWorks = (): string => process.execPath;

/** Empty files with the names that `--tf-dir` searches. */
function emptyTensorflow(): string {
  const folder = mkdtempSync(join(home, "tensorflow-"));
  for (const name of [
    "libtensorflow_cc.so.2",
    "libtensorflow_framework.so.2",
    "include/tensorflow/c/c_api.h",
  ]) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), "");
  }
  return folder;
}
