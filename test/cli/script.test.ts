import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { readAnswers } from "../../src/evaluate/answers/answer-row.ts";
import { findRun } from "../../src/train/run-folder.ts";
import { smallTask } from "../train/small-task.ts";
import { lorafit } from "./lorafit.ts";

/** A task on the bundled base, which ends its answers, with one case judged by check.js and a criterion on the mean of its results. */
function taskWith(script: string): { folder: string; file: string } {
  const folder = smallTask({ max_steps: 2, checkpoint_every: 2, validate_every: 2, learning_rate: 1e-4 });
  const yaml = join(folder, "task.yaml");
  const criterion =
    "  - { name: share of vowels, cases: domain, scorer: script, kind: non-inferiority, margin: 0.5 }\n";
  const task = readFileSync(yaml, "utf8").replace("base: base", "base: lorafit-base-5m");
  writeFileSync(yaml, `${task}${criterion}decoding: { max_new_tokens: 96 }\n`);
  const messages = [{ role: "user", content: "How long may I return boots?" }];
  const checks = [{ script: { file: "check.js", at_least: 0.99 } }];
  writeFileSync(
    join(folder, "cases/domain.jsonl"),
    `${JSON.stringify({ id: "d1", letters: "aeiou", messages, checks })}\n`,
  );
  const file = join(folder, "check.js");
  writeFileSync(file, script);
  return { folder, file };
}

const VOWELS = `export default (answer, row) => {
  const letters = [...answer].filter((c) => /\\p{L}/u.test(c));
  const vowels = letters.filter((c) => row.letters.includes(c.toLowerCase()));
  return letters.length === 0 ? 0 : vowels.length / letters.length;
};
`;
const run = (folder: string, ...verb: string[]) => lorafit([...verb, "--json"], { cwd: folder }).finished;

test("a user function scores cases from lock to verdict, and its file is locked", async () => {
  const { folder, file } = taskWith(VOWELS);
  expect((await run(folder, "lock")).code).toBe(0);
  expect((await run(folder, "train", "--engine", "onnx")).code).toBe(0);
  const path = findRun(folder);
  expect((await run(folder, "eval", path)).code).toBe(0);

  const answer = readAnswers(join(path, "answers.jsonl"))[0]!;
  for (const side of [answer.base, answer.tuned]) {
    expect(side.finish).toBe("stop");
    const letters = [...side.output!].filter((c) => /\p{L}/u.test(c));
    const vowels = letters.filter((c) => "aeiou".includes(c.toLowerCase()));
    const share = letters.length === 0 ? 0 : vowels.length / letters.length;
    expect(side.scores?.["script"]).toBe(share);
    expect(side.failed?.[0]).toBe(`check.js gives ${share}, at least 0.99 was asked`);
  }

  // One cluster is inconclusive; the verdict has the function's mean.
  const gated = await run(folder, "gate", path);
  const { criteria, exit_code } = JSON.parse(readFileSync(join(path, "verdict.json"), "utf8"));
  expect(gated.code).toBe(exit_code);
  expect(criteria[1]).toMatchObject({
    scorer: "script",
    base: answer.base.scores?.["script"],
    outcome: "inconclusive",
  });
  expect(criteria[1].mcnemar_p).toBeUndefined();

  writeFileSync(file, VOWELS.replace(": vowels", ": 1 + 0 * vowels"));
  const committed = await run(folder, "gate", path);
  expect(committed.code).toBe(5);
  expect(committed.stdout).toMatch(/script check\.js: the file has changed/);
});

test.each([
  ["export default 3;", /check\.js: has no function as its default export/],
  ["export default (", /check\.js: .*Unexpected/],
  ['import { x } from "./other.js";\nexport default () => x;', /check\.js imports another file/],
])("%j is refused before anything is trained", async (script, why) => {
  const { folder } = taskWith(script);
  const { code, stdout } = await run(folder, "lock");
  expect(code).toBe(3);
  expect(stdout).toMatch(why);
});
