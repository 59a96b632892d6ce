import { mkdtempSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { baseSha256 } from "../../src/model/identity.ts";
import { tinyConfig } from "../tiny-model.ts";

const folder = mkdtempSync(join(tmpdir(), "lorafit-identity-"));
afterAll(() => rmSync(folder, { recursive: true }));

test("the hash of a large file is cached until the file's times change, and works without a cache", () => {
  const [file, cacheDir] = [join(folder, "large"), join(folder, "cache")];
  writeFileSync(file, Buffer.alloc(33 << 20, "weights"));
  let checks = 0;
  const check = (): void => void checks++;
  const hash = (): string => baseSha256(tinyConfig(), [file], { cacheDir, check });
  const first = hash();
  const [note] = readdirSync(join(cacheDir, "hashes")).map((name) => join(cacheDir, "hashes", name));
  const text = readFileSync(note!, "utf8");
  // A wrong hash in the cache shows that the cache was read.
  writeFileSync(note!, text.replace(/[0-9a-f]{64}\n$/, `${"0".repeat(64)}\n`));
  expect(hash()).not.toBe(first);
  expect(checks).toBe(1);
  utimesSync(file, new Date(), new Date(0));
  expect(hash()).toBe(first);
  writeFileSync(note!, "damaged");
  expect(hash()).toBe(first);
  writeFileSync(join(folder, "plain"), "");
  expect(baseSha256(tinyConfig(), [file], { cacheDir: join(folder, "plain"), check })).toBe(first);
});

test("a file whose weights fail the check is not remembered", () => {
  const [file, cacheDir] = [join(folder, "bad"), join(folder, "bad-cache")];
  writeFileSync(file, Buffer.alloc(33 << 20, "weights"));
  const check = (): void => {
    throw new Error("infinite");
  };
  for (let i = 0; i < 2; i++)
    expect(() => baseSha256(tinyConfig(), [file], { cacheDir, check })).toThrow("infinite");
});
