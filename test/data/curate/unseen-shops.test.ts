import { cpSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { CurateSummary } from "../../../src/data/curate/curate.ts";
import { loadTask } from "../../../src/task/load.ts";
import { curateTask } from "../../../src/workflow/curate-task.ts";

interface Truth {
  readonly planted: readonly { readonly line: number; readonly kind: string; readonly other?: unknown }[];
  readonly good: readonly number[];
}

const kindOf = (kind: string) => (kind.startsWith("leakage") ? "leakage" : kind);

/**
 * Shops written without sight of the detectors, with the least recall and precision by kind. At first sight conflicts had .57 and .57
 * (Copper Lane), .57 and .73 (Fernhollow), .50 and .35 (Fellside), .35 and .89 (Harbour Baths); these have been tuned on since.
 * Brightside Optical had .67 and .69 as long as it was held out, Keepsafe .32 and .88 at first sight.
 */
const SHOPS: Record<string, readonly (readonly [kind: string, recall: number, precision: number])[]> = {
  refurb: [
    ["conflict", 0.95, 0.95],
    ["out-of-scope", 0.85, 1],
    ["personal-data", 1, 0.9],
    ["secret", 1, 1],
    ["leakage", 1, 1],
    ["format", 1, 1],
    ["truncation", 1, 1],
    ["exact-duplicate", 1, 1],
    ["near-duplicate", 1, 1],
    ["language", 1, 1],
  ],
  nursery: [
    ["conflict", 0.75, 0.9],
    ["out-of-scope", 0.8, 0.9],
    ["personal-data", 1, 1],
    ["secret", 1, 1],
    ["leakage", 1, 1],
    ["format", 1, 1],
    ["truncation", 1, 1],
    ["exact-duplicate", 1, 1],
    ["near-duplicate", 0.85, 0.85],
    ["language", 1, 0.6],
  ],
  bikes: [
    ["conflict", 0.85, 0.85],
    ["out-of-scope", 0.75, 0.95],
    ["personal-data", 1, 1],
    ["secret", 1, 1],
    ["exact-duplicate", 1, 1],
  ],
  pool: [
    ["conflict", 0.65, 0.95],
    ["out-of-scope", 0.95, 0.95],
  ],
  storage: [
    ["conflict", 0.6, 0.95],
    ["out-of-scope", 0.85, 0.85],
  ],
  optician: [
    ["conflict", 0.8, 0.95],
    ["out-of-scope", 0.85, 0.75],
    ["secret", 1, 1],
    ["exact-duplicate", 1, 1],
  ],
};

describe.each(Object.keys(SHOPS))("%s", (name) => {
  const shop = fileURLToPath(new URL(name, import.meta.url));
  const truth = JSON.parse(readFileSync(join(shop, "truth.json"), "utf8")) as Truth;
  let folder: string;
  let all: CurateSummary;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), `lorafit-${name}-`));
    cpSync(shop, folder, { recursive: true });
    all = await curateTask(loadTask(folder), "all", undefined);
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it.each(SHOPS[name]!)("%s: recall %s, precision %s", (kind, recall, precision) => {
    const planted = new Set(truth.planted.filter((row) => row.kind === kind).map(({ line }) => line));
    const found = all.findings.filter(
      (finding) => kindOf(finding.kind) === kind && finding.file.endsWith("transcripts.jsonl"),
    );
    // A finding on two rows is right if either is planted.
    const linesOf = ({ file, line, other }: (typeof found)[number]) =>
      other?.file === file ? [line, other.line] : [line];
    const right = found.filter((finding) => linesOf(finding).some((line) => planted.has(line)));
    const hit = new Set(right.flatMap(linesOf).filter((line) => planted.has(line)));
    const missed = [...planted].filter((line) => !hit.has(line));
    const wrong = found.filter((finding) => !right.includes(finding)).map(({ line }) => line);
    expect(hit.size / planted.size, `missed ${missed}`).toBeGreaterThanOrEqual(recall);
    expect(right.length / found.length, `wrong ${wrong}`).toBeGreaterThanOrEqual(precision);
  });

  it("accept all drops no good row", () => {
    const good = new Set(truth.good);
    const rows = all.dropped.filter(({ file }) => file.endsWith("transcripts.jsonl"));
    const drops = truth.planted.filter(({ kind }) => /duplicate|leakage|format/.test(kind));
    expect(rows.length).toBeGreaterThanOrEqual(drops.length / 2);
    expect(rows.filter(({ line }) => good.has(line))).toEqual([]);
  });
});
