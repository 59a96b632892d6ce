import { rmSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { loadTask } from "../../src/task/load.ts";
import { applySettings, resolvedSettings } from "../../src/task/override.ts";
import { taskSchema } from "../../src/task/schema.ts";
import { TASK_YAML, taskFolder, thrown } from "./fixture.ts";

describe("loadTask", () => {
  test("fills in defaults, resolves paths and keeps the origin of each setting", () => {
    const folder = taskFolder();
    const task = loadTask(folder);
    expect(task.train).toMatchObject({
      rank: 8,
      alpha: 32,
      learning_rate: 3e-3,
      schedule: "cosine",
      packing: true,
    });
    expect(task.paths.train).toEqual([join(folder, "data/train.jsonl")]);
    expect(task.paths.cases["domain"]).toBe(join(folder, "cases/domain.jsonl"));
    expect(task.decoding).toEqual({ max_new_tokens: 64, temperature: 0 });
    expect(task.origins).toMatchObject({
      "train.rank": "task.yaml",
      "train.alpha": "default",
      seed: "default",
    });
    expect(loadTask(join(folder, "task.yaml")).folder).toBe(folder);
  });

  test("names every mistake at once, with line and key path, and suggests near misses", () => {
    const yaml = TASK_YAML.replace("rank: 8,", "rnak: 8, alpha: -1,")
      .replace("in_scope: [returns]\n", "")
      .replace("kind: superiority", "kind: superior")
      .replace("purpose:", "purpos:");
    const { message, exitCode } = thrown(() => loadTask(taskFolder({ "task.yaml": yaml })));
    expect(exitCode).toBe(2);
    expect(message).toMatch(/task\.yaml:4: purpos: unknown key; did you mean purpose\?/);
    expect(message).toMatch(/task\.yaml:1: purpose: is missing|purpose: is missing/);
    expect(message).toMatch(/in_scope: is missing/);
    expect(message).toMatch(/task\.yaml:10: train\.rnak: unknown key; did you mean rank\?/);
    expect(message).toMatch(/task\.yaml:10: train\.alpha: /);
    expect(message).toMatch(
      /task\.yaml:12: success\[0\]\.kind: expected superiority, non-inferiority, at-least/,
    );
  });

  test("refuses duplicate keys, broken YAML, and a file that is not a map", () => {
    const twice = thrown(() => loadTask(taskFolder({ "task.yaml": `${TASK_YAML}seed: 1\nseed: 2\n` })));
    expect(twice.message).toMatch(/task\.yaml:18: .*unique/);
    expect(twice.exitCode).toBe(2);
    expect(thrown(() => loadTask(taskFolder({ "task.yaml": "a: [1\n" }))).exitCode).toBe(2);
    expect(thrown(() => loadTask(taskFolder({ "task.yaml": "just text\n" }))).message).toMatch(
      /expected object/,
    );
    expect(thrown(() => loadTask(taskFolder({ "task.yaml": "" }))).exitCode).toBe(2);
  });

  test("names all files that do not exist, and the missing task itself", () => {
    const folder = taskFolder();
    rmSync(join(folder, "policy.md"));
    rmSync(join(folder, "cases/general.jsonl"));
    const { message } = thrown(() => loadTask(folder));
    expect(message).toMatch(/:7: policy: policy\.md does not exist/);
    expect(message).toMatch(/:10: cases\.general: cases\/general\.jsonl does not exist/);
    expect(thrown(() => loadTask(join(folder, "nowhere"))).message).toMatch(/nowhere: there is no task here/);
  });

  test("checks what criteria refer to", () => {
    const yaml = TASK_YAML.replace(
      "cases: domain, kind: superiority, margin: 0",
      "cases: domian, kind: superiority, margin: 0.3",
    ).replace("name: general capability", "name: domain errors");
    const { message } = thrown(() => loadTask(taskFolder({ "task.yaml": yaml })));
    expect(message).toMatch(/success\[0\]\.cases: no pack of cases is called domian; did you mean domain\?/);
    expect(message).toMatch(/success\[0\]\.effect: 0\.2 must be more than the margin 0\.3/);
    expect(message).toMatch(/success\[1\]\.name: domain errors is already taken/);
  });

  test("a kind that is not known is refused with the known ones", () => {
    const yaml = TASK_YAML.replace("kind: chat", "kind: chess");
    expect(thrown(() => loadTask(taskFolder({ "task.yaml": yaml }))).message).toMatch(
      /:3: kind: no task kind is called chess; known: chat, classify$/,
    );
  });

  test.each([
    ["kind: superiority, margin: 1, effect: 1.5", "margin: 1 must be less than 1, the most"],
    ["kind: superiority, effect: 1.5", "effect: 1.5 must not exceed 1, the most"],
    ["kind: superiority, effect: -0.2", "effect: Too small"],
    ["kind: superiority, margin: 0.2, effect: 0.2", "effect: 0.2 must be more than the margin 0.2"],
    ["kind: non-inferiority, margin: 1", "margin: 1 must be less than 1, the most"],
    ["kind: non-inferiority, margin: 0.1, effect: 0.2", "effect: unknown key"],
    ["kind: non-inferiority, margin: 5, scorer: cross-entropy", "margin: 5 must be less than 5, the nats"],
    ["kind: at-least, floor: 0.5, ceiling: 0.7", "ceiling: unknown key"],
    ["kind: zero-new-failures, margin: 0.1", "margin: unknown key"],
  ])("refuses a criterion that cannot fail or cannot pass: %s", (keys, problem) => {
    const yaml = TASK_YAML.replace("kind: superiority, margin: 0, effect: 0.2", keys);
    const { message, exitCode } = thrown(() => loadTask(taskFolder({ "task.yaml": yaml })));
    expect(message).toContain(`success[0].${problem}`);
    expect(exitCode).toBe(2);
  });

  test("train may be several files; review and replay are files too", () => {
    const yaml = TASK_YAML.replace(
      "train: data/train.jsonl",
      "train: [data/train.jsonl]\n  review: r.jsonl\n  replay: { file: p.jsonl, share: 0.25 }",
    );
    const task = loadTask(taskFolder({ "task.yaml": yaml, "r.jsonl": "", "p.jsonl": "" }));
    expect(task.paths.replay).toMatch(/p\.jsonl$/);
    expect(task.paths.review).toMatch(/r\.jsonl$/);
  });

  test("every key is described", () => {
    const bare: string[] = [];
    const visit = (shape: Record<string, { description?: string; shape?: never }>, prefix: string) => {
      for (const [key, schema] of Object.entries(shape)) if (!schema.description) bare.push(prefix + key);
    };
    visit(taskSchema.shape as never, "");
    visit(taskSchema.shape.train.def.innerType.shape as never, "train.");
    expect(bare).toEqual([]);
  });
});

describe("applySettings", () => {
  const task = loadTask(taskFolder());

  test("values are read as task.yaml reads them", () => {
    const set = applySettings(task, [
      "learning_rate=1e-4",
      "train.targets=q_proj,v_proj",
      "packing=false",
      "seed=3",
    ]);
    expect(set.train).toMatchObject({
      learning_rate: 1e-4,
      targets: ["q_proj", "v_proj"],
      packing: false,
      rank: 8,
    });
    expect(set.seed).toBe(3);
    expect(task.seed).toBe(7);
    const rows = resolvedSettings(set);
    expect(rows.find((row) => row.key === "learning_rate")).toMatchObject({ value: 1e-4, origin: "--set" });
    expect(rows.find((row) => row.key === "rank")).toMatchObject({ value: 8, origin: "task.yaml" });
    expect(rows.find((row) => row.key === "clip")).toMatchObject({ value: 1, origin: "default" });
    expect(rows.some((row) => row.key === "max_steps")).toBe(false);
  });

  test("every mistake at once", () => {
    const { message, exitCode } = thrown(() =>
      applySettings(task, ["rnak=8", "alpha=no", "epochs", "decoding.temperature=1"]),
    );
    expect(exitCode).toBe(2);
    expect(message).toMatch(/--set rnak: unknown setting; did you mean rank\?/);
    expect(message).toMatch(/--set: train\.alpha: expected number/);
    expect(message).toMatch(/--set epochs: expected key=value/);
    expect(message).toMatch(/--set decoding\.temperature: unknown setting/);
  });
});
