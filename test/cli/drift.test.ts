import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { smallTask } from "../train/small-task.ts";
import { jsonLines, lorafit } from "./lorafit.ts";

const datasets = fileURLToPath(new URL("../../datasets", import.meta.url));
const scratch = mkdtempSync(join(tmpdir(), "lorafit-drift-cli-"));
afterAll(() => rmSync(scratch, { recursive: true }));

const call = (...args: string[]) => lorafit(args).finished;
const json = (path: string) => JSON.parse(readFileSync(path, "utf8"));

describe("AwesomeShoes after training", () => {
  const task = join(scratch, "awesomeshoes");
  const log = (month: string) => join(task, "data", `queries-${month}.jsonl`);
  let run = "";

  // One step: what drift compares does not depend on the adapter's quality.
  beforeAll(async () => {
    for (const name of ["general", "awesomeshoes"])
      cpSync(join(datasets, name), join(scratch, name), { recursive: true });
    expect((await call("curate", task)).code).toBe(0);
    const trained = await call("train", task, "--set", "max_steps=1", "--json");
    expect(trained.code).toBe(0);
    const kept = jsonLines(trained).find(({ event }) => event === "drift-reference");
    expect(kept).toMatchObject({ queries: 800 });
    run = join(task, "runs", readdirSync(join(task, "runs"))[0]!);
  }, 300_000);

  test("before any comparison `due` is undecided, with few queries too", async () => {
    const none = await call("due", task);
    expect(none.code).toBe(4);
    expect(none.stdout).toContain("none were compared before");
    const few = join(scratch, "few.jsonl");
    writeFileSync(few, readFileSync(log("may"), "utf8").split("\n").slice(0, 99).join("\n"));
    expect((await call("due", task, few)).code).toBe(4);
    const compared = await call("drift", task, few);
    expect(compared.code).toBe(4);
    expect(compared.stdout).toContain("drift: inconclusive, 99 new queries are fewer than 100");
    expect(existsSync(join(run, "drift-looks.jsonl"))).toBe(false);
  });

  test("the stable month: no drift, not due", async () => {
    const compared = await call("drift", task, log("april"), "--json");
    expect(compared.code).toBe(0);
    const [event] = jsonLines(compared);
    expect(event).toEqual({ event: "drift-compared", ...json(join(run, "drift.json")) });
    expect(event).toMatchObject({ outcome: "no drift", exit_code: 0, look: { look: 1 } });
    expect((await call("due", task)).code).toBe(0);
    const due = await call("due", task, log("april"));
    expect(due.code).toBe(0);
    expect(due.stdout).toContain("no drift in 900 new queries against 800 of the training period");
    expect(due.stdout).toContain("retraining: not due");
  });

  test("the month of the new boots and a changed rule: due, naming both", async () => {
    const policy = join(task, "policy.md");
    const before = readFileSync(policy, "utf8");
    writeFileSync(policy, before.replace("within 60 days", "within 90 days"));
    const due = await call("due", task, log("may"));
    writeFileSync(policy, before);
    expect(due.code).toBe(1);
    expect(due.stdout).toMatch(/drift of .*words.*"tundra boots".*"restocking fee"/);
    expect(due.stdout).toMatch(/R12 changed\n.*within 60 days of delivery\.\n.*within 90 days of delivery\./);
    expect(due.stdout).toContain("retraining: due");
    const answer = jsonLines(await call("due", task, "--json"))[0]!;
    expect(answer).toMatchObject({ outcome: "due", exit_code: 1, policy_changes: [], new_queries: 900 });
    const result = json(join(run, "drift.json"));
    expect(result).toMatchObject({ outcome: "drift", exit_code: 1, look: { look: 2 } });
    expect(JSON.stringify(result)).not.toMatch(/AS-\d{6}|@example\.com|07700/);
    const seen = readFileSync(join(run, "drift-looks.jsonl"), "utf8").trimEnd().split("\n");
    expect(seen).toHaveLength(2);
  });

  test("the kept statistics suffice: a folder with them alone, results elsewhere", async () => {
    const release = join(scratch, "release");
    cpSync(join(run, "drift"), join(release, "drift"), { recursive: true });
    const out = join(scratch, "monitoring");
    const compared = await call("drift", release, log("may"), "--out", out);
    expect(compared.code).toBe(1);
    expect(compared.stdout).toContain("tundra boots");
    expect(readdirSync(release)).toEqual(["drift"]);
    expect(readdirSync(out).sort()).toEqual(["drift-looks.jsonl", "drift.json"]);
  });

  test("bad rows are all named, and nothing is written", async () => {
    const bad = join(scratch, "bad.jsonl");
    writeFileSync(bad, '{"text":""}\n{"text":"fine"}\n[]\n');
    const before = readFileSync(join(run, "drift.json"), "utf8");
    for (const verb of ["drift", "due"]) {
      const { code, stderr } = await call(verb, task, bad);
      expect(code).toBe(3);
      expect(stderr).toMatch(/bad\.jsonl:1: text: is empty[\s\S]*bad\.jsonl:3: expected a JSON object/);
    }
    expect(readFileSync(join(run, "drift.json"), "utf8")).toBe(before);
    expect((await call("drift", task, join(scratch, "nowhere.jsonl"))).code).toBe(2);
    expect((await call("drift", task)).code).toBe(2);
  });

  test("a damaged drift.json is refused by due", async () => {
    const file = join(run, "drift.json");
    const before = readFileSync(file, "utf8");
    writeFileSync(file, "{}");
    const { code, stderr } = await call("due", task);
    writeFileSync(file, before);
    expect(code).toBe(3);
    expect(stderr).toContain("drift.json: is damaged");
  });

  test("a reference with bad rows stops training before it begins", async () => {
    writeFileSync(join(task, "data/reference.jsonl"), '{"text":5}\n');
    const { code, stderr } = await call("train", task, "--set", "max_steps=1");
    expect(code).toBe(3);
    expect(stderr).toContain("reference.jsonl:1: text: expected a text");
    expect(readdirSync(join(task, "runs"))).toHaveLength(1);
  });
});

test("without a reference `due` still compares the policy, and drift names the missing part", async () => {
  const task = smallTask({ max_steps: 2 });
  try {
    expect((await call("train", task, "--engine", "reference")).code).toBe(0);
    const log = join(task, "new.jsonl");
    writeFileSync(log, '{"text":"boots?"}\n');
    const drift = await call("drift", task, log);
    expect(drift.code).toBe(2);
    expect(drift.stderr).toContain("drift.reference in task.yaml");
    writeFileSync(log, '{"text":"boots?"}\n'.repeat(300));
    const unknown = await call("due", task, log);
    expect(unknown.code).toBe(4);
    expect(unknown.stdout).toContain("no reference from training to compare them with");
    writeFileSync(join(task, "policy.md"), "R1 (critical) Returns within 90 days.\nR2 Boots run large.\n");
    const due = await call("due", task, "--json");
    expect(due.code).toBe(1);
    expect(jsonLines(due)[0]).toMatchObject({ policy_changes: [{ rule: "R1", change: "changed" }] });
  } finally {
    rmSync(task, { recursive: true });
  }
});
