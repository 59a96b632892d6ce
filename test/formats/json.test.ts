import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import * as z from "zod";
import { LorafitError } from "../../src/errors.ts";
import { jsonText, readJson } from "../../src/formats/json.ts";

const folder = mkdtempSync(join(tmpdir(), "lorafit-json-"));
afterAll(() => rmSync(folder, { recursive: true }));
const schema = z.strictObject({ step: z.int() });
const hint = "train again";

test("what is written is read back", () => {
  const file = join(folder, "sound.json");
  writeFileSync(file, `\ufeff${jsonText({ step: 3 })}`);
  expect(readJson(file, { schema, hint })).toEqual({ step: 3 });
  expect(readJson(file, { hint })).toEqual({ step: 3 });
});

test.each([
  ["{", /broken\.json: is not JSON: /],
  ['{"step":"x"}', /broken\.json: is damaged: step: /],
  ['{"step":1,"stap":2}', /broken\.json: is damaged: .*stap/],
  ["3", /broken\.json: is damaged: /],
])("%s is a data error that names file and reason", (text, message) => {
  const file = join(folder, "broken.json");
  writeFileSync(file, text);
  expect(() => readJson(file, { schema, hint })).toThrow(
    expect.objectContaining({ kind: "data", hint, message: expect.stringMatching(message) }),
  );
});

test("a folder, UTF-16 and gzip are named, each with the reason in words", () => {
  const refused = (message: string): unknown =>
    expect.objectContaining({ kind: "data", hint, message: expect.stringContaining(message) });
  expect(() => readJson(folder, { hint })).toThrow(refused("cannot be read: is a folder, not a file"));
  const file = join(folder, "bytes.json");
  writeFileSync(file, Buffer.from("\ufeff{}", "utf16le"));
  expect(() => readJson(file, { hint })).toThrow(refused("is not UTF-8 but UTF-16"));
  writeFileSync(file, Buffer.from([0x1f, 0x8b, 8, 0, 0xff]));
  expect(() => readJson(file, { hint })).toThrow(refused("is compressed with gzip"));
});

test("a file that does not exist is the error that the caller made for it, else a data error", () => {
  const file = join(folder, "absent.json");
  const absent = () => new LorafitError("usage", "there is no run here");
  expect(() => readJson(file, { schema, hint, absent })).toThrow(expect.objectContaining({ kind: "usage" }));
  expect(() => readJson(file, { schema, hint })).toThrow(expect.objectContaining({ kind: "data" }));
});
