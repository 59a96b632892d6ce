import { describe, expect, test } from "vitest";
import { readCases } from "../../src/evaluate/cases/cases.ts";
import { loadTask } from "../../src/task/load.ts";
import { makeLock } from "../../src/task/lock.ts";
import { TASK_YAML, taskFolder, thrown } from "../task/fixture.ts";

const read = (files: Record<string, string>) => readCases(loadTask(taskFolder(files)));
const line = (row: unknown) => `${JSON.stringify(row)}\n`;
const ask = [{ role: "user", content: "How long?" }];

describe("readCases", () => {
  test("three shapes; cluster defaults to the id; unknown keys are kept; hashes are those of the lock", () => {
    const folder = taskFolder({
      "cases/domain.jsonl":
        line({
          id: "a",
          messages: ask,
          checks: [{ contains: ["60"] }],
          topic: "returns",
          critical: true,
          rule: "R1",
        }) + line({ id: "b", cluster: "t1", messages: ask, checks: [{ style: "short" }] }),
      "cases/general.jsonl":
        line({ id: "g1", text: "The cat." }) + line({ id: "g2", good: "He is.", bad: "He are." }),
    });
    const task = loadTask(folder);
    const cases = readCases(task);
    expect(cases.map((item) => [item.id, item.pack, item.cluster, item.critical, item.body.kind])).toEqual([
      ["a", "domain", "a", true, "chat"],
      ["b", "domain", "t1", false, "chat"],
      ["g1", "general", "g1", false, "text"],
      ["g2", "general", "g2", false, "pair"],
    ]);
    expect(cases[0]?.row["topic"]).toBe("returns");
    const lock = makeLock(task, { baseSha256: "a".repeat(64), scorer: "1", embedder: "e1" });
    for (const item of cases) expect(lock.cases[item.pack]?.cases[item.id]).toBe(item.hash);
  });

  test("every bad row is named with file and line, exit code 3", () => {
    const { message, exitCode } = thrown(() =>
      read({
        "cases/domain.jsonl":
          "{nonsense\n" +
          line({
            id: "a",
            messages: [...ask, { role: "assistant", content: "x" }],
            checks: [{ contains: ["60"] }],
          }) +
          line({ id: "b", messages: ask, checks: [] }) +
          line({ id: "c", messages: ask, checks: [{ regex: "[" }] }) +
          line({ id: "d", messages: ask, checks: [{ contains: ["60"] }], rule: "R11" }) +
          line({ messages: ask, checks: [{ contains: ["60"] }] }) +
          line([1]),
        "cases/general.jsonl":
          line({ id: "d ", text: "Twice." }) + line({ id: "e", good: "x" }) + line({ id: "f" }),
      }),
    );
    expect(exitCode).toBe(3);
    for (const where of [
      /domain\.jsonl:1: /,
      /domain\.jsonl:2: messages: must end with the user's message/,
      /domain\.jsonl:3: checks/,
      /domain\.jsonl:4: checks\[0\]: regex: /,
      /domain\.jsonl:5: rule R11 is not in .*policy\.md; did you mean R1\?/,
      /domain\.jsonl:6: id/,
      /domain\.jsonl:7: expected a JSON object/,
      /general\.jsonl:1: id d is already used in .*domain\.jsonl:5/,
      /general\.jsonl:2: bad/,
      /general\.jsonl:3: /,
    ]) {
      expect(message).toMatch(where);
    }
  });

  test("slips that would quietly weaken a case, and paraphrase groups that cannot agree", () => {
    const row = (id: string, more: object) =>
      line({ id, messages: ask, checks: [{ contains: ["60"] }, { consistent_with: "period" }], ...more });
    const { message, exitCode } = thrown(() =>
      read({
        "cases/domain.jsonl":
          row("a", { critcal: true, cluster: "c" }) +
          row("b", { cluster: "other" }) +
          row("c", { cluster: "c", checks: [{ consistent_with: "periods" }] }) +
          line({ id: "d", mesages: ask, checks: [{ contians: ["60"] }, { number: 1, units: "days" }] }) +
          line({
            id: "e",
            messages: [{ role: "user", text: "How long?" }],
            checks: [{ script: "absent.js" }],
          }),
      }),
    );
    expect(exitCode).toBe(3);
    for (const where of [
      /domain\.jsonl:1: unknown key critcal; did you mean critical\?/,
      /domain\.jsonl:2: cluster other: the cases of group period are one cluster, c/,
      /domain\.jsonl:3: consistent_with periods: no other case has it; did you mean period\?/,
      /domain\.jsonl:4: unknown key mesages; did you mean messages\?/,
      /domain\.jsonl:4: messages: is missing/,
      /domain\.jsonl:4: checks\[0\]: unknown check contians; did you mean contains\?/,
      /domain\.jsonl:4: checks\[1\]: unknown key units; did you mean unit\?/,
      /domain\.jsonl:5: messages\.0\.content: is missing/,
      /domain\.jsonl:5: checks\[0\]: script: absent\.js does not exist in the task's folder/,
    ]) {
      expect(message).toMatch(where);
    }
  });

  test("an empty pack, and a criterion that no case suits", () => {
    expect(thrown(() => read({ "cases/general.jsonl": "\n" })).message).toMatch(
      /general\.jsonl: has no case/,
    );
    const yaml = TASK_YAML.replace("cases: domain, kind", "cases: domain, where: { critical: true }, kind");
    const { message, exitCode } = thrown(() => read({ "task.yaml": yaml }));
    expect(exitCode).toBe(2);
    expect(message).toMatch(/success\[0\]: domain errors: no case of domain .*where \{"critical":true\}/);
  });

  test("the running example is sound", () => {
    const task = loadTask(new URL("../../datasets/awesomeshoes", import.meta.url).pathname);
    const cases = readCases(task);
    expect(cases.filter((item) => item.pack === "domain").length).toBeGreaterThanOrEqual(160);
    expect(cases.filter((item) => item.critical).length).toBeGreaterThanOrEqual(20);
  });
});
