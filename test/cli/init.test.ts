import { mkdtempSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { loadTask } from "../../src/task/load.ts";
import { taskReference } from "../../src/task/reference.ts";
import { jsonLines, lorafit } from "./lorafit.ts";

const empty = (): string => mkdtempSync(join(tmpdir(), "lorafit-init-"));

test("init makes a task that loads, locks and plans, and names what to fill in", async () => {
  const cwd = empty();
  const made = await lorafit(["init", "deep/refunds", "--kind", "chat"], { cwd }).finished;
  expect(made).toMatchObject({ code: 0, stderr: "" });
  expect(made.stdout).toMatch(/policy\.md[\s\S]*lorafit run deep\/refunds/);
  expect(readdirSync(join(cwd, "deep"))).toEqual(["refunds"]);
  const folder = join(cwd, "deep/refunds");
  expect(readdirSync(folder)).toEqual(["cases", "data", "policy.md", "task.schema.json", "task.yaml"]);
  expect(loadTask(folder).kind).toBe("chat");
  const curated = await lorafit(["curate", folder, "--json"]).finished;
  const [summary] = jsonLines(curated);
  expect(summary).toMatchObject({
    rows: 83,
    clean_rows: 83,
    counts: {},
    leaked_cases: { exact: 0, near: 0 },
  });
  const locked = await lorafit(["lock", folder]).finished;
  expect(locked).toMatchObject({ code: 0, stderr: "" });
  const planned = await lorafit(["train", folder, "--dry-run"]).finished;
  expect(planned).toMatchObject({ code: 0, stderr: "" });
  expect(planned.stdout).toMatch(/more rows are held out for validation/);
});

test("init --kind classify makes a task whose rows and labels are sound", async () => {
  const cwd = empty();
  const made = await lorafit(["init", "inbox", "--kind", "classify"], { cwd }).finished;
  expect(made).toMatchObject({ code: 0, stderr: "" });
  const folder = join(cwd, "inbox");
  expect(loadTask(folder)).toMatchObject({ kind: "classify", labels: expect.arrayContaining(["billing"]) });
  const curated = await lorafit(["curate", folder, "--json"]).finished;
  expect(jsonLines(curated)[0]).toMatchObject({
    rows: 150,
    clean_rows: 150,
    leaked_cases: { exact: 0, near: 0, other_label: 0 },
  });
  const planned = await lorafit(["train", folder, "--dry-run"]).finished;
  expect(planned).toMatchObject({ code: 0 });
  expect(planned.stdout).toMatch(/\d+ rows \(text and label\)/);
});

test("each key of task.yaml is in a template", () => {
  const template = ["chat", "classify"]
    .map((kind) =>
      readFileSync(new URL(`../../datasets/templates/${kind}/task.yaml`, import.meta.url), "utf8"),
    )
    .join("\n");
  const keys = [...taskReference().matchAll(/^\| `([^`]+)`/gm)].map(
    (match) => match[1]!.split(/\.|\[\]/).at(-1)!,
  );
  expect(keys.length).toBeGreaterThan(50);
  expect(keys.filter((key) => !new RegExp(`\\b${key}:`).test(template))).toEqual([]);
});

test("a folder that is not empty stays unchanged", async () => {
  const cwd = empty();
  writeFileSync(join(cwd, "mine"), "a file");
  const refused = await lorafit(["init", ".", "--kind", "chat"], { cwd }).finished;
  expect(refused.code).toBe(2);
  expect(refused.stderr).toMatch(/is not empty/);
  expect(refused.stdout).toBe("");
  expect(readdirSync(cwd)).toEqual(["mine"]);
  const onFile = await lorafit(["init", "mine", "--kind", "chat"], { cwd }).finished;
  expect(onFile.code).toBe(2);
  expect(onFile.stderr).toMatch(/mine: is a file/);
  expect(readFileSync(join(cwd, "mine"), "utf8")).toBe("a file");
});

test("an unknown kind, or none, is refused", async () => {
  const cwd = empty();
  const unknown = await lorafit(["init", "new", "--kind", "chess"], { cwd }).finished;
  expect(unknown.code).toBe(2);
  expect(unknown.stderr).toMatch(/Allowed choices are chat, classify\./);
  expect((await lorafit(["init", "new"], { cwd }).finished).code).toBe(2);
  expect(readdirSync(cwd)).toEqual([]);
});
