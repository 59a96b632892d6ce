import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** One folder for everything that the tests, and the programs that they start, put aside; gone when they end. */
export function setup(): () => void {
  const folder = mkdtempSync(join(tmpdir(), "lorafit-test-"));
  process.env["TMPDIR"] = folder;
  return () => rmSync(folder, { recursive: true, force: true });
}
