import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { LorafitError } from "../../src/errors.ts";
import { readBytesAt, sha256File, writeFileAtomic } from "../../src/formats/files.ts";

const folder = mkdtempSync(join(tmpdir(), "lorafit-files-"));
afterAll(() => rmSync(folder, { recursive: true }));

test("folders are made, content is replaced, nothing else is left behind", () => {
  const path = join(folder, "a", "b", "text.json");
  writeFileAtomic(path, "one");
  writeFileAtomic(path, Buffer.from("zwei ß"));
  expect(readFileSync(path, "utf8")).toBe("zwei ß");
  expect(readdirSync(join(folder, "a", "b"))).toEqual(["text.json"]);
});

test("a file that cannot be written is an environment error that names it, and nothing half-written stays", () => {
  writeFileSync(join(folder, "plain"), "");
  mkdirSync(join(folder, "taken", "full"), { recursive: true });
  // In /proc nothing can be made; mkdir's own `recursive` would try for ever.
  const nowhere = process.platform === "linux" ? ["/proc/lorafit/file"] : [];
  for (const path of [join(folder, "plain", "below"), join(folder, "taken"), ...nowhere]) {
    let error: unknown;
    try {
      writeFileAtomic(path, "text");
    } catch (caught) {
      error = caught;
    }
    expect(LorafitError.is(error) && error.kind).toBe("environment");
    expect((error as Error).message).toContain(path);
  }
  expect(readdirSync(folder).filter((name) => name.endsWith(".tmp"))).toEqual([]);
});

test("a hash over several pieces, and bytes from the middle", () => {
  const path = join(folder, "large");
  const bytes = Buffer.alloc((1 << 22) + 12_345, "abcdefg");
  writeFileSync(path, bytes);
  expect(sha256File(path)).toBe(createHash("sha256").update(bytes).digest("hex"));
  expect(Buffer.from(readBytesAt(path, 7, 3)!).toString()).toBe("abc");
  expect(readBytesAt(path, bytes.length - 1, 2)).toBeNull();
});
