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
import { afterEach, beforeEach, expect, it } from "vitest";
import { artifactSha256, REPORT_FILE, writeFolder } from "../../src/export/folder.ts";

let scratch: string;
beforeEach(() => {
  scratch = mkdtempSync(join(tmpdir(), "lorafit-folder-"));
});
afterEach(() => rmSync(scratch, { recursive: true, force: true }));

const fillWith = (text: string) => async (folder: string) => {
  mkdirSync(join(folder, "onnx"));
  writeFileSync(join(folder, "onnx/model.onnx"), text);
  writeFileSync(join(folder, REPORT_FILE), "{}");
  return text;
};

it("leaves the former export complete and nothing else when filling fails", async () => {
  const out = join(scratch, "out");
  await writeFolder(out, fillWith("first"));
  const failing = writeFolder(out, async (folder) => {
    writeFileSync(join(folder, "half"), "");
    throw new Error("stop");
  });
  await expect(failing).rejects.toThrow("stop");
  expect(readdirSync(scratch)).toEqual(["out"]);
  expect(readFileSync(join(out, "onnx/model.onnx"), "utf8")).toBe("first");
});

it("replaces a former export and fills an empty folder", async () => {
  const out = join(scratch, "out");
  mkdirSync(out);
  await writeFolder(out, fillWith("first"));
  await writeFolder(out, fillWith("second"));
  expect(readFileSync(join(out, "onnx/model.onnx"), "utf8")).toBe("second");
  expect(readdirSync(scratch)).toEqual(["out"]);
});

it("refuses a folder with other content", async () => {
  writeFileSync(join(scratch, "thesis.txt"), "");
  await expect(writeFolder(scratch, fillWith("x"))).rejects.toMatchObject({ kind: "usage" });
  expect(existsSync(join(scratch, "onnx"))).toBe(false);
});

it("hashes names and contents without the report", async () => {
  const [a, b] = [join(scratch, "a"), join(scratch, "b")];
  await writeFolder(a, fillWith("same"));
  await writeFolder(b, fillWith("same"));
  writeFileSync(join(b, REPORT_FILE), '{"more": 1}');
  expect(artifactSha256(b)).toBe(artifactSha256(a));
  writeFileSync(join(b, "config.json"), "");
  expect(artifactSha256(b)).not.toBe(artifactSha256(a));
});
