/**
 * Runs the stages of AwesomeShoes on a second shop with the same settings: task.yaml is that of AwesomeShoes, in which only data, scope
 * and wording change. The shop is library/shop.md. Writes bench/results/second-shop.json; fails when no verdict is reached.
 *
 *     node test/long/second-shop.mjs            (after npm run build; --keep DIR: the task and its run stay there)
 */
import { execFileSync, spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";

const ROOT = join(import.meta.dirname, "../..");
const RESULTS = join(ROOT, "bench/results/second-shop.json");

/** One rule: `## R12 (critical) text`, then lines of `key`, `answer`, `ask` and `case`. */
function rulesOf(page) {
  return page
    .split(/^## /m)
    .slice(1)
    .map((part) => {
      const [head, ...rest] = part.trim().split("\n");
      const [, id, critical, text] = /^(R\d+) (\(critical\) )?(.*)$/.exec(head);
      const linesOf = (kind) =>
        rest.flatMap((line) => (line.startsWith(`${kind}: `) ? line.slice(kind.length + 2) : []));
      const [key] = linesOf("key");
      return {
        id,
        critical: critical !== undefined,
        text,
        key,
        answers: linesOf("answer"),
        asks: linesOf("ask"),
        cases: linesOf("case"),
      };
    });
}

const user = (content) => ({ role: "user", content });
const jsonl = (rows) => rows.map((row) => `${JSON.stringify(row)}\n`).join("");

function rowsOf(rules) {
  const rows = rules.flatMap(({ id, asks, answers }) =>
    asks.map((ask, i) => ({
      rule: [id],
      messages: [user(ask), { role: "assistant", content: answers[i % answers.length] }],
    })),
  );
  return rows.map((row, i) => ({ transcript_id: `L-${i + 1}`, ...row }));
}

/** A pack's cases; each question is a cluster. */
const casesOf = (pack, rules, fields = {}) =>
  rules.flatMap(({ id, key, critical, cases }) =>
    cases.map((ask, i) => ({
      id: `${pack}-${id.toLowerCase()}-${i + 1}`,
      rule: id,
      critical: pack === "safety" && critical,
      ...fields,
      messages: [user(ask)],
      checks: [{ contains: [key] }],
    })),
  );

/** AwesomeShoes' task.yaml with another job in it. */
function taskYaml() {
  const changes = [
    [/^name: .*/m, "name: library-of-things"],
    [
      /^purpose: .*/m,
      "purpose: Answer members' questions on borrowing as the Larkfield Library of Things does.",
    ],
    [/^in_scope: .*/m, "in_scope: [membership, borrowing, returning, deposits]"],
    [/^out_of_scope: .*/m, "out_of_scope: [advice on tools, jobs, complaints, legal advice, medical advice]"],
    [/^ {2}review: .*\n/m, ""],
    [/^drift: .*\n/m, "wording: { hands_over: [one of our librarians] }\n"],
  ];
  return changes.reduce(
    (yaml, [pattern, text]) => {
      if (!pattern.test(yaml)) throw new Error(`AwesomeShoes' task.yaml has no ${pattern}`);
      return yaml.replace(pattern, text);
    },
    readFileSync(join(ROOT, "datasets/awesomeshoes/task.yaml"), "utf8"),
  );
}

function makeTask(folder) {
  const task = join(folder, "library");
  const rules = rulesOf(readFileSync(join(import.meta.dirname, "library/shop.md"), "utf8"));
  const answering = rules.filter(({ id }) => id !== "R30");
  for (const part of ["data", "cases"]) mkdirSync(join(task, part), { recursive: true });
  cpSync(join(ROOT, "datasets/general"), join(folder, "general"), { recursive: true });
  cpSync(join(ROOT, "datasets/awesomeshoes/data/replay.jsonl"), join(task, "data/replay.jsonl"));
  const files = {
    "task.yaml": taskYaml(),
    "policy.md": rules
      .map(({ id, critical, text }) => `${id} ${critical ? "(critical) " : ""}${text}\n`)
      .join(""),
    "data/transcripts.jsonl": jsonl(rowsOf(rules)),
    "cases/domain.jsonl": jsonl(
      casesOf(
        "domain",
        answering.filter(({ critical }) => !critical),
      ),
    ),
    "cases/scope.jsonl": jsonl(
      casesOf(
        "scope",
        rules.filter(({ id }) => id === "R30"),
        { slice: "out-of-scope" },
      ),
    ),
    "cases/safety.jsonl": jsonl(
      casesOf(
        "safety",
        answering.filter(({ critical }) => critical),
      ),
    ),
  };
  for (const [name, text] of Object.entries(files)) writeFileSync(join(task, name), text);
  return { task, rules: rules.length, rows: rowsOf(rules).length };
}

const lorafit = (cwd, ...args) =>
  spawnSync(process.execPath, [join(ROOT, "dist/cli.js"), ...args, "--quiet"], {
    cwd,
    encoding: "utf8",
    maxBuffer: 1 << 26,
  });

/** Rejects every finding of curation, because the rows of shop.md are right. @returns number of findings */
function rejectAll(task) {
  lorafit(task, "curate");
  const file = join(task, "review.jsonl");
  const asked = readFileSync(file, "utf8").split("\n").filter(Boolean);
  const decided = asked.map((line) => ({
    ...JSON.parse(line),
    decision: "reject",
    reason: "both answers are right",
    by: "author of the shop",
  }));
  writeFileSync(file, jsonl(decided));
  return asked.length;
}

const at = process.argv.indexOf("--keep");
const folder = at < 0 ? mkdtempSync(join(tmpdir(), "lorafit-shop-")) : process.argv[at + 1];
try {
  const { task, rules, rows } = makeTask(folder);
  const began = performance.now();
  const asked = rejectAll(task);
  const ended = lorafit(task, "run");
  const seconds = Math.round((performance.now() - began) / 1000);
  const [id] = readdirSync(join(task, "runs"));
  const { verdict, exit_code, criteria, right, preconditions } = JSON.parse(
    readFileSync(join(task, "runs", id, "verdict.json"), "utf8"),
  );
  if (exit_code !== ended.status) throw new Error(`exit code ${ended.status}\n${ended.stderr}`);
  const commit = execFileSync("git", ["rev-parse", "--short", "HEAD"], {
    cwd: ROOT,
    encoding: "utf8",
  }).trim();
  const machine = { cpu: cpus()[0].model, cores: cpus().length, node: process.version };
  const outcomes = criteria.map(({ name, base, tuned, against, estimate, ci, outcome }) => ({
    name,
    base,
    tuned,
    ...(against !== undefined && { against }),
    estimate,
    ci,
    outcome,
  }));
  const result = {
    commit,
    machine,
    rules,
    rows,
    asked,
    seconds,
    verdict,
    exit_code,
    right,
    criteria: outcomes,
    preconditions,
  };
  writeFileSync(RESULTS, `${JSON.stringify(result, null, 1)}\n`);
  console.log(`second shop: ${verdict} in ${seconds} s`);
  for (const { of, n, base, tuned, lookup } of right)
    console.log(`  ${of}: ${tuned} of ${n}; base ${base}, lookup ${lookup}`);
} finally {
  if (at < 0) rmSync(folder, { recursive: true, force: true });
}
