import { cpSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { lorafit } from "./lorafit.ts";

const folder = join(mkdtempSync(join(tmpdir(), "lorafit-curate-cli-")), "pool");
beforeAll(() =>
  cpSync(fileURLToPath(new URL("../data/curate/pool", import.meta.url)), folder, { recursive: true }),
);
afterAll(() => rmSync(join(folder, ".."), { recursive: true }));

test("--show lists every finding of the kind with its place, its reason and what is proposed, and no other", async () => {
  const { code, stdout, stderr } = await lorafit(["curate", folder, "--show", "conflict"]).finished;
  expect(code).toBe(0);
  const { findings } = JSON.parse(readFileSync(join(folder, "curation.json"), "utf8")) as {
    findings: { kind: string; line: number; evidence: string }[];
  };
  const conflicts = findings.filter(({ kind }) => kind === "conflict");
  expect(conflicts.length).toBeGreaterThan(5);
  const listed = `${stdout}${stderr}`
    .split("\n")
    .filter((line) => /^\S*transcripts\.jsonl:\d+: .*\[.*\]$/.test(line));
  expect(listed.map((line) => Number(/:(\d+): /.exec(line)![1]))).toEqual(conflicts.map(({ line }) => line));
  const rows = readFileSync(join(folder, "data/transcripts.jsonl"), "utf8").trim().split("\n");
  for (const { line } of conflicts) {
    const { messages } = JSON.parse(rows[line - 1]!) as { messages: { role: string; content: string }[] };
    expect(`${stdout}${stderr}`).toContain(`    line ${line}: user: ${messages[0]!.content} | assistant: `);
  }
  expect(`${stdout}${stderr}`).toContain("    rule: Lost membership cards are replaced for $10.");
  for (const [i, { evidence }] of conflicts.entries()) expect(listed[i]).toContain(evidence);
});

test("--show of an unknown kind names the known ones", async () => {
  const { code, stderr } = await lorafit(["curate", folder, "--show", "conflicts"]).finished;
  expect(code).toBe(2);
  expect(stderr).toContain("out-of-scope");
});
