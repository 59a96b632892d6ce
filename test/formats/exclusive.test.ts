import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { exclusively } from "../../src/formats/exclusive.ts";
import { thrown } from "../task/fixture.ts";

const folder = mkdtempSync(join(tmpdir(), "lorafit-exclusive-"));
afterAll(() => rmSync(folder, { recursive: true }));
const file = join(folder, "ledger");
const lock = `${file}.lock`;

test("the lock is held while the work is done, and gone when it returns or throws", () => {
  expect(exclusively(file, () => existsSync(lock))).toBe(true);
  expect(
    thrown(() =>
      exclusively(file, () => {
        throw new Error("no");
      }),
    ).message,
  ).toBe("no");
  expect(readdirSync(folder)).toEqual([]);
});

test("the lock of a process that was killed is taken over at once", () => {
  const program = "process.stdout.write(String(process.pid))";
  const pid = execFileSync(process.execPath, ["--eval", program], { encoding: "utf8" });
  writeFileSync(lock, `process ${pid} on ${hostname()}`);
  const began = performance.now();
  expect(exclusively(file, () => "done")).toBe("done");
  expect(performance.now() - began).toBeLessThan(5000);
  expect(readdirSync(folder)).toEqual([]);
});

test("one that does not finish is named when patience ends, with what to do", () => {
  const other = `process 1 on another-machine`;
  writeFileSync(lock, other);
  const error = thrown(() => exclusively(file, () => "done", 100));
  expect(error).toMatchObject({
    exitCode: 6,
    message: `${lock}: another process (${other}) does not finish`,
    hint: expect.stringContaining("remove this file"),
  });
  expect(existsSync(lock)).toBe(true);
  rmSync(lock);
});

test("a folder in which no lock can be made is an environment error that names it", () => {
  const error = thrown(() => exclusively(join(folder, "none", "ledger"), () => "done"));
  expect(error).toMatchObject({
    exitCode: 6,
    message: expect.stringContaining("ledger.lock: cannot be written"),
  });
});
