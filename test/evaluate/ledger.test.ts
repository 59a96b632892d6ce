import { execFile } from "node:child_process";
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import {
  type AmendmentEntry,
  appendToLedger,
  ledgerFile,
  readLedger,
} from "../../src/evaluate/looks/ledger.ts";
import { type Asked, askedByPack, takeLook } from "../../src/evaluate/looks/looks.ts";
import { sha256 } from "../../src/formats/hash.ts";
import { readCaseLines } from "../../src/task/case-lines.ts";
import { loadTask, type Task } from "../../src/task/load.ts";
import { makeLock, type TaskLock } from "../../src/task/lock.ts";
import { taskFolder, thrown } from "../task/fixture.ts";

const [a, b, c] = ["a".repeat(64), "b".repeat(64), "c".repeat(64)] as [string, string, string];

const questions = (task: Task): Asked =>
  askedByPack(readCaseLines(task).flatMap(({ pack, lines }) => lines.map(({ asked }) => ({ pack, asked }))));

function locked(files: Record<string, string> = {}): { task: Task; lock: TaskLock; asked: Asked } {
  const task = loadTask(taskFolder(files));
  const lock = makeLock(task, { baseSha256: a, scorer: "1", embedder: "e1" });
  return { task, lock, asked: questions(task) };
}

test("each new artefact lowers the level; the same one with the same lock is the same look", () => {
  const { task, lock, asked } = locked();
  expect(takeLook(task, lock, asked, a)).toMatchObject({ look: 1, alpha: 0.025, again: false });
  expect(takeLook(task, lock, asked, b)).toMatchObject({ look: 2, alpha: 0.05 / 6, again: false });
  expect(takeLook(task, lock, asked, a)).toMatchObject({ look: 1, alpha: 0.025, again: true });
  const looser = { ...lock, criteria: lock.criteria.map((criterion) => ({ ...criterion, margin: 1 })) };
  expect(takeLook(task, looser, asked, a)).toMatchObject({ look: 3, again: false });
  expect(readLedger(task)).toHaveLength(3);
});

test("fresh questions start anew, pack by pack; one more or less, or another pack's name, does not", () => {
  const { task, lock, asked } = locked();
  takeLook(task, lock, asked, a);
  const [domain, general] = [asked["domain"]!, asked["general"]!];
  const relocked = (policy: string) => ({ ...lock, policy });
  expect(takeLook(task, relocked(b), { domain: [...domain.slice(1), c], general }, a).packs).toEqual({
    domain: 2,
    general: 2,
  });
  expect(takeLook(task, relocked(c), { domain: [b], general }, a)).toMatchObject({
    look: 3,
    packs: { domain: 1, general: 3 },
  });
  expect(takeLook(task, relocked("d"), { renamed: domain }, b).packs).toEqual({ renamed: 3 });
  expect(takeLook(task, relocked("e"), { domain: ["d".repeat(64)] }, b)).toMatchObject({
    look: 1,
    alpha: 0.025,
  });
});

test("metadata, order of keys, case and white space make no fresh question; another check or word does", () => {
  const line = (changes: object) =>
    `${JSON.stringify({ id: "d1", messages: [{ role: "user", content: "May I return it?" }], checks: [{ contains: ["yes"] }], ...changes })}\n`;
  const hashOf = (changes: object) => locked({ "cases/domain.jsonl": line(changes) }).asked["domain"]![0];
  const known = hashOf({});
  expect(hashOf({ note: "v2", rule: "R1", id: "d9", cluster: "x", critical: true })).toBe(known);
  expect(hashOf({ messages: [{ content: " May  I return IT? ", role: "user" }] })).toBe(known);
  expect(hashOf({ messages: [{ role: "user", content: "May I exchange it?" }] })).not.toBe(known);
  expect(hashOf({ checks: [{ contains: ["no"] }] })).not.toBe(known);
});

test("a line that was changed, taken out or put elsewhere breaks the chain", () => {
  const { task, lock, asked } = locked();
  for (const artifact of [a, b, c]) takeLook(task, lock, asked, artifact);
  const file = ledgerFile(task);
  const whole = readFileSync(file, "utf8");
  const lines = whole.trimEnd().split("\n");
  const tampered = [
    lines.slice(1),
    [lines[0]!, lines[2]!],
    [lines[1]!, lines[0]!, lines[2]!],
    [lines[0]!.replace(a, c), lines[1]!],
    [lines[0]!, "{"],
  ];
  for (const rows of tampered) {
    writeFileSync(file, `${rows.join("\n")}\n`);
    expect(thrown(() => takeLook(task, lock, asked, a))).toMatchObject({
      exitCode: 3,
      message: expect.stringMatching(/looks\.jsonl:[12]: /),
    });
  }
});

test("a ledger that was cut at its end, or removed, is known by the verdicts that name its looks", () => {
  const { task, lock, asked } = locked();
  const seen = [a, b].map((artifact) => ({
    where: `run ${artifact[0]}`,
    sha256: takeLook(task, lock, asked, artifact).ledger_sha256,
  }));
  expect(takeLook(task, lock, asked, b, seen).again).toBe(true);
  const first = readFileSync(ledgerFile(task), "utf8").split("\n")[0]!;
  writeFileSync(ledgerFile(task), `${first}\n`);
  const { message, exitCode } = thrown(() => takeLook(task, lock, asked, b, seen));
  expect(exitCode).toBe(5);
  expect(message).toContain("run b");
  expect(message).not.toContain("run a");
  rmSync(ledgerFile(task));
  expect(thrown(() => takeLook(task, lock, asked, b, seen)).message).toContain("run a");
});

test("a change of the lock is in the same chain and goes with every later look", () => {
  const { task, lock, asked } = locked();
  takeLook(task, lock, asked, a);
  const amendment = { reason: "the policy changed", changes: ["policy: the file has changed"], looks: 1 };
  appendToLedger<AmendmentEntry>(task, { kind: "amendment", lock_sha256: b, ...amendment });
  const { look, amendments } = takeLook(task, { ...lock, policy: b }, asked, a);
  expect(look).toBe(2);
  expect(amendments).toEqual([{ at: expect.stringMatching(/^\d{4}-/), ...amendment }]);
});

/** Takes looks with `artifacts` through the built code, in a separate process that begins at `start` (milliseconds since 1970). */
function lookingProcess(
  { task, asked }: ReturnType<typeof locked>,
  artifacts: readonly string[],
  start: number,
): Promise<unknown> {
  const built = (name: string) => JSON.stringify(new URL(`../../dist/${name}.js`, import.meta.url).href);
  const program = `
    import { holdingLedger } from ${built("evaluate/looks/ledger")};
    import { takeLook } from ${built("evaluate/looks/looks")};
    import { loadTask } from ${built("task/load")};
    import { makeLock } from ${built("task/lock")};
    const task = loadTask(${JSON.stringify(task.folder)});
    const lock = makeLock(task, { baseSha256: "${a}", scorer: "1", embedder: "e1" });
    const asked = ${JSON.stringify(asked)};
    while (Date.now() < ${start});
    for (const artifact of ${JSON.stringify(artifacts)}) holdingLedger(task, () => takeLook(task, lock, asked, artifact));
  `;
  return promisify(execFile)(process.execPath, ["--input-type=module", "--eval", program]);
}

test("processes that gate at once wait for each other: every look has its own number, and the chain holds", async () => {
  const own = locked();
  const { task } = own;
  const artifacts = Array.from({ length: 60 }, (_, i) => sha256(String(i)));
  const shared = sha256("the same artefact in both");
  const halves = [artifacts.slice(0, 30), artifacts.slice(30)].map((half) => [...half, shared]);
  const start = Date.now() + 3000;
  await Promise.all(halves.map((half) => lookingProcess(own, half, start)));
  const looks = readLedger(task).filter((entry) => entry.kind === "look");
  expect(looks.map(({ look }) => look)).toEqual(Array.from({ length: 61 }, (_, i) => i + 1));
  expect(existsSync(`${ledgerFile(task)}.lock`)).toBe(false);
});
