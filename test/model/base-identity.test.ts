import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { openModel } from "../../src/model/open.ts";

const cacheDir = mkdtempSync(join(tmpdir(), "lorafit-identity-"));
afterAll(() => rmSync(cacheDir, { recursive: true, force: true }));

// Adapters, locks and releases name their base by this digest: a change of it rejects every earlier one.
it("the bundled base keeps the digest that earlier adapters name", () => {
  const { sha256 } = openModel(join(import.meta.dirname, "../../models/lorafit-base-5m"), { cacheDir });
  expect(sha256).toBe("7fea32edfe89ce31f167f6ca9bd455f7a1bcb5a2db60a04b06a004c93507dd75");
});
