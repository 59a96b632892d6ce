import {
  appendFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { setImmediate, setTimeout } from "node:timers/promises";
import { expect, test } from "vitest";
import { findRun } from "../../src/train/run-folder.ts";
import { type Finished, jsonLines, lorafit } from "./lorafit.ts";
import { passingTask } from "./passing-task.ts";

const cli = (...args: string[]): Promise<Finished> => lorafit(args).finished;
const emptyFolder = (): string => mkdtempSync(join(tmpdir(), "lorafit-release-"));
const judged = passingTask();
await cli("run", judged);

/** Copies the judged task. @returns paths of the copy, its run and a release folder */
function copy(): { task: string; run: string; out: string } {
  const task = emptyFolder();
  cpSync(judged, task, { recursive: true });
  return { task, run: findRun(task), out: join(emptyFolder(), "small-1") };
}

async function signAll(run: string): Promise<void> {
  for (const [role, name] of Object.entries({ lead: "Ada", content: "Ben", qa: "Cleo" })) {
    const signed = await cli("sign", run, "--role", role, "--name", name);
    expect(signed.code, signed.stderr).toBe(0);
  }
}

/** Releases a fresh copy. */
async function released(): Promise<{ run: string; out: string }> {
  const at = copy();
  await signAll(at.run);
  const { code, stderr } = await cli("release", at.run, "--out", at.out);
  expect(code, stderr).toBe(0);
  return at;
}

const json = (path: string) => JSON.parse(readFileSync(path, "utf8"));

/** Appends a byte to a file. */
const spoil = (path: string): void => appendFileSync(path, " ");

test("a passing run signed by three roles is released as a folder with model, adapter, card and hashes", async () => {
  const { run, out } = copy();
  const first = await cli(
    "sign",
    run,
    "--role",
    "qa",
    "--name",
    "Cleo",
    "--note",
    "read all | flips",
    "--json",
  );
  expect(jsonLines(first)).toEqual([
    expect.objectContaining({ event: "signed", role: "qa", verdict: "pass", missing: ["lead", "content"] }),
  ]);
  await cli("sign", run, "--role", "lead", "--name", "Ada");
  const last = await cli("sign", run, "--role", "content", "--name", "  Ada ");
  expect(last.stdout).toMatch(/all roles have signed/);
  const released = await cli("release", run, "--out", out, "--json");
  expect(released.code, released.stderr).toBe(0);
  expect(readdirSync(out).sort()).toEqual(
    [
      "README.md",
      "adapter",
      "config.json",
      "curation.json",
      "drift",
      "model",
      "policy.md",
      "release.json",
    ].concat(["report.html", "sign-offs.jsonl", "task.lock", "task.yaml", "verdict.json"]),
  );
  const release = json(join(out, "release.json"));
  expect(release).toMatchObject({ verdict: "pass", override: null, run: run.split("/").at(-1) });
  expect(release.artifact_sha256).toBe(json(join(run, "verdict.json")).artifact_sha256);
  const card = readFileSync(join(out, "README.md"), "utf8");
  expect(card).toContain("**Passed.**");
  // Before the first heading: the absolute numbers in words.
  expect(card.slice(0, card.indexOf("## Scope"))).toMatch(
    /- domain: \d+ of \d+ questions answered right; the base \d+/,
  );
  expect(card).toMatch(
    /\| domain errors \| 0\.0 % \| 100\.0 % \|(?: [\d.]+ % \|)* \+100\.0 \(\+\d\d\.\d to \+100\.0\) \|/,
  );
  expect(card).toContain("read all \\| flips");
  expect(card).toContain("One person signed in more than one role: Ada.");
  expect(card).toContain("Policy rules that no case cites: R2.");
  expect(card).toMatch(/Curation kept 48 of 48 rows/);
  expect(card).toContain("It states no licence");
  expect(card).not.toContain("undefined");
  const answer = await cli(
    "generate",
    "--model",
    join(out, "model"),
    "--prompt",
    "May I?",
    "--max-new-tokens",
    "2",
  );
  expect(answer.code, answer.stderr).toBe(0);
  const same = await cli("drift", out, join(run, "../../data/reference.jsonl"), "--out", emptyFolder());
  expect(same).toMatchObject({ code: 0, stdout: expect.stringContaining("drift: none") });
  const again = await cli("release", run, "--out", out);
  expect(again).toMatchObject({ code: 2, stderr: expect.stringContaining("not empty") });
}, 240_000);

const CLOSED: Record<string, { change: (at: { task: string; run: string }) => void; says: RegExp[] }> = {
  "another artefact": {
    change: ({ run }) => spoil(join(run, "export/onnx/tuned/generation_config.json")),
    says: [
      /not as it was judged: model\/generation_config\.json: has changed/,
      /Ada as .* is void: a judged file changed/,
    ],
  },
  "another lock": {
    change: ({ task }) => {
      const file = join(task, "task.yaml");
      writeFileSync(file, readFileSync(file, "utf8").replace("effect: 0.2", "effect: 0.1"));
    },
    says: [/the task is not what was locked:\n.*criterion domain errors.*0\.2.*0\.1/],
  },
};

test.each(Object.keys(CLOSED))(
  "%s is refused, with an override too",
  async (name) => {
    const at = copy();
    await signAll(at.run);
    CLOSED[name]!.change(at);
    for (const override of [[], ["--override", "--reason", "in a hurry"]]) {
      const { code, stdout, stderr } = await cli("release", at.run, "--out", at.out, ...override);
      expect(code, stderr).toBe(1);
      expect(stdout).toBe("");
      const says = override.length === 0 ? CLOSED[name]!.says : CLOSED[name]!.says.slice(0, 1);
      for (const line of says) expect(stderr).toMatch(line);
      expect(existsSync(at.out)).toBe(false);
    }
  },
  240_000,
);

test("a lock that changes after the signatures voids them until the run is judged and signed again", async () => {
  const { task, run, out } = copy();
  await signAll(run);
  const file = join(task, "task.yaml");
  writeFileSync(file, readFileSync(file, "utf8").replace("effect: 0.2", "effect: 0.1"));
  expect((await cli("lock", task, "--reason", "0.1 is enough")).code).toBe(0);
  const stale = await cli("release", run, "--out", out);
  expect(stale).toMatchObject({ code: 1, stderr: expect.stringContaining("run `lorafit gate` again") });
  await cli("gate", run);
  const unsigned = await cli("release", run, "--out", out);
  expect(unsigned.code).toBe(1);
  expect(unsigned.stderr.match(/is void: the verdict changed after it/g)).toHaveLength(3);
  await signAll(run);
  const released = await cli("release", run, "--out", out);
  expect(released.code, released.stderr).toBe(0);
  const card = readFileSync(join(out, "README.md"), "utf8");
  expect(card).toMatch(/\*\*The lock was changed[^\n]*\n\n- .*after 1 look: 0\.1 is enough \(/);
}, 240_000);

test("all refusals are listed at once; an override needs a reason, which card and release.json keep", async () => {
  const { task, run, out } = copy();
  const cases = join(task, "cases/domain.jsonl");
  writeFileSync(cases, readFileSync(cases, "utf8").split("\n").slice(0, 20).join("\n"));
  await cli("lock", task, "--reason", "fewer cases");
  expect((await cli("eval", run)).code).toBe(0);
  expect((await cli("gate", run)).code).toBe(4);
  const warned = await cli("sign", run, "--role", "lead", "--name", "Ada");
  expect(warned.stdout).toContain("will refuse this run, because its verdict is inconclusive");
  const closed = await cli("release", run, "--out", out);
  expect(closed.code).toBe(1);
  expect(closed.stderr).toMatch(
    /inconclusive[\s\S]*content owner.*has not signed[\s\S]*QA analyst.*has not signed/,
  );
  for (const flags of [["--override"], ["--override", "--reason", " "], ["--reason", "x"]]) {
    expect((await cli("release", run, "--out", out, ...flags)).code).toBe(2);
  }
  const reason = "a pilot with <two> customers";
  const opened = await cli("release", run, "--out", out, "--override", "--reason", reason);
  expect(opened.code, opened.stderr).toBe(0);
  expect(json(join(out, "release.json")).override).toEqual({
    reason,
    refusals: [expect.stringContaining("inconclusive"), expect.any(String), expect.any(String)],
  });
  const card = readFileSync(join(out, "README.md"), "utf8");
  expect(card).toMatch(
    /Released by override; the verdict is inconclusive\.\*\* Reason given: a pilot with &lt;two>/,
  );
  expect(card).toMatch(/> - the QA analyst .* has not signed/);
  expect(card).not.toContain("**Passed.**");
}, 240_000);

test("sign and release refuse a run without a sound verdict", async () => {
  const { run, out } = copy();
  writeFileSync(join(run, "verdict.json"), "{");
  expect((await cli("sign", run, "--role", "qa", "--name", "Cleo")).code).toBe(3);
  const damaged = await cli("release", run, "--out", out);
  expect(damaged).toMatchObject({ code: 3, stderr: expect.stringContaining("verdict.json: is not JSON") });
  const unnamed = await cli("sign", judged, "--role", "qa", "--name", " ");
  expect(unnamed).toMatchObject({ code: 2, stderr: expect.stringContaining("--name: is empty") });
  expect((await cli("sign", judged, "--role", "boss", "--name", "Cleo")).code).toBe(2);
  expect(existsSync(join(judged, "sign-offs.jsonl"))).toBe(false);
});

test("inspect names every file of a release that was changed, removed or added", async () => {
  const { out } = await released();
  const sound = await cli("inspect", out, "--json");
  expect(sound.code).toBe(0);
  expect(jsonLines(sound)).toEqual([
    expect.objectContaining({ kind: "release", damaged: [], trainable: false }),
  ]);
  const model = join(out, "model/onnx/model.onnx");
  const bytes = readFileSync(model);
  bytes[bytes.length - 9]! ^= 1;
  writeFileSync(model, bytes);
  rmSync(join(out, "policy.md"));
  writeFileSync(join(out, "model/extra.txt"), "");
  symlinkSync("/etc/hostname", join(out, "adapter/link"));
  const spoilt = await cli("inspect", out, "--json");
  expect(spoilt.code).toBe(3);
  expect(jsonLines(spoilt)[0]!["damaged"]).toEqual([
    "adapter/link: is a symbolic link",
    "model/extra.txt: was added",
    "model/onnx/model.onnx: has changed",
    "policy.md: is missing",
  ]);
  const list = join(out, "release.json");
  writeFileSync(list, readFileSync(list, "utf8").slice(0, 300));
  expect(await cli("inspect", out)).toMatchObject({
    code: 3,
    stderr: expect.stringContaining("release.json: is not JSON"),
  });
}, 240_000);

test("release leaves no partial folder when it is killed, and the next one removes leftovers", async () => {
  const { run, out } = copy();
  await signAll(run);
  const folder = dirname(out);
  let caught = 0;
  for (let trial = 0; trial < 4; trial++) {
    const started = lorafit(["release", run, "--out", out]);
    let ended = false;
    void started.finished.then(() => {
      ended = true;
    });
    while (!ended && readdirSync(folder).length === 0) await setImmediate();
    if (trial > 0) await setTimeout(4 * trial);
    started.kill("SIGKILL");
    await started.finished;
    if (!existsSync(out)) caught++;
    else expect((await cli("inspect", out)).code).toBe(0);
    rmSync(out, { recursive: true, force: true });
    if (trial < 3) for (const name of readdirSync(folder)) rmSync(join(folder, name), { recursive: true });
  }
  expect(caught).toBeGreaterThan(0);
  mkdirSync(`${out}.999999999.tmp`);
  expect((await cli("release", run, "--out", out)).code).toBe(0);
  expect(readdirSync(folder)).toEqual(["small-1"]);
  expect((await cli("inspect", out)).code).toBe(0);
}, 240_000);
