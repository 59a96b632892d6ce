import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type CurateSummary, curate } from "../../../src/data/curate/curate.ts";
import { chat } from "../../../src/kinds/chat/chat.ts";

const folder = fileURLToPath(new URL("../../../../shared/data/banking77", import.meta.url));
const missing = !existsSync(join(folder, "train.csv"));

let out: string;
beforeAll(() => {
  out = mkdtempSync(join(tmpdir(), "lorafit-banking77-"));
});
afterAll(() => rmSync(out, { recursive: true, force: true }));

// A set of other people's sentences that no copy is kept of: skipped where ../shared/data/banking77 is missing.
it.skipIf(missing)(
  "banking77: 25 of 3,080 test queries occur in the 10,003 training rows, 111 more nearly",
  async () => {
    const train = join(folder, "train.csv");
    const start = process.cpuUsage();
    const summary: CurateSummary = await curate({
      format: chat.rows,
      files: [train],
      cases: [join(folder, "test.csv")],
      accept: "safe",
      out,
    });
    expect(process.cpuUsage(start).user / 1e6).toBeLessThan(15);
    expect(summary.rows).toBe(10_003);
    expect(summary.leakedCases).toEqual({ exact: 25, near: 111, otherLabel: 5 });
    const others = (kind: string) =>
      new Set(
        summary.findings.filter((f) => f.kind === kind).map((f) => `${f.other?.file}:${f.other?.line}`),
      );
    expect(others("leakage-exact").size).toBe(25);
    expect(summary.counts["exact-duplicate"]).toBe(30);
    const rows = readFileSync(summary.paths.clean, "utf8").trim().split("\n");
    expect(rows.length).toBe(summary.clean_rows);
    expect(JSON.parse(rows[0]!)).toHaveProperty("category");
  },
);
