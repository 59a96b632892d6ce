/**
 * The AwesomeShoes task through the real CLI, several times: on five training seeds, and on the outdated 30-day policy.
 * Writes bench/results/awesomeshoes.json and bench/AWESOMESHOES.md. Takes about two minutes a run on two idle cores.
 *
 *     node test/long/awesomeshoes.mjs            (after npm run build; --table: only the page, from the results)
 */
import { execFileSync, spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";

const ROOT = join(import.meta.dirname, "../..");
const SEEDS = [7, 1, 2, 3, 4];

/** One whole run on a fresh copy of the task; `change` edits task.yaml. */
function run(name, change) {
  const folder = mkdtempSync(join(tmpdir(), "lorafit-long-"));
  try {
    for (const part of ["general", "awesomeshoes"])
      cpSync(join(ROOT, "datasets", part), join(folder, part), { recursive: true });
    const task = join(folder, "awesomeshoes", "task.yaml");
    const before = readFileSync(task, "utf8");
    const after = change(before);
    if (after === before && name !== "seed 7") throw new Error(`${name}: task.yaml was not changed`);
    writeFileSync(task, after);
    const began = performance.now();
    const { status, stderr } = spawnSync(
      process.execPath,
      [join(ROOT, "dist/cli.js"), "run", join(folder, "awesomeshoes"), "--quiet"],
      {
        encoding: "utf8",
        maxBuffer: 1 << 26,
      },
    );
    const seconds = Math.round((performance.now() - began) / 1000);
    const runs = join(folder, "awesomeshoes", "runs");
    const [id] = readdirSync(runs);
    const verdict = JSON.parse(readFileSync(join(runs, id, "verdict.json"), "utf8"));
    if (verdict.exit_code !== status)
      throw new Error(`${name}: exit code ${status}, verdict.json says ${verdict.exit_code}\n${stderr}`);
    const criteria = verdict.criteria.map(({ name, base, tuned, difference, ci, outcome }) => ({
      name,
      base,
      tuned,
      difference,
      ci,
      outcome,
    }));
    const result = { name, verdict: verdict.verdict, exit_code: status, seconds, criteria };
    console.log(
      `${name}: ${verdict.verdict} in ${seconds} s; ${criteria.map((c) => `${c.name} ${c.outcome}`).join(", ")}`,
    );
    return result;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const RESULTS = join(ROOT, "bench/results/awesomeshoes.json");

function runAll() {
  const seeds = SEEDS.map((seed) =>
    run(`seed ${seed}`, (yaml) => yaml.replace(/^seed: \d+/m, `seed: ${seed}`)),
  );
  const outdated = run("outdated 30-day policy", (yaml) =>
    yaml.replace("train: data/transcripts.jsonl", "train: data/transcripts-30-day.jsonl"),
  );
  const commit = execFileSync("git", ["rev-parse", "--short", "HEAD"], {
    cwd: ROOT,
    encoding: "utf8",
  }).trim();
  const machine = { cpu: cpus()[0].model, cores: cpus().length, node: process.version };
  writeFileSync(RESULTS, `${JSON.stringify({ commit, machine, seeds, outdated }, null, 1)}\n`);
}

function writeTable({ machine, seeds, outdated }) {
  const cell = ({ name, difference, ci, outcome }) => {
    const [scale, digits] = name === "general capability" ? [1, 3] : [100, 1];
    const text = (value) => (scale * value).toFixed(digits);
    return `${text(difference)} (${text(ci[0])} to ${text(ci[1])}) ${outcome}`;
  };
  const names = outdated.criteria.map(({ name }) => name);
  const lines = [
    "# The AwesomeShoes task on five seeds, and on the outdated policy",
    "",
    "Made by `node test/long/awesomeshoes.mjs`; the numbers stand in `results/awesomeshoes.json`. Each row is a whole `lorafit run` from the raw",
    "transcripts. Differences are tuned minus base, in points of passed cases (general capability: nats a token), with their 95 % intervals.",
    `${machine.cpu}, ${machine.cores} cores, Node ${machine.node}.`,
    "",
    `| run | verdict | ${names.join(" | ")} |`,
    `| --- | --- |${names.map(() => " --- |").join("")}`,
    ...[...seeds, outdated].map(
      (row) => `| ${row.name} | **${row.verdict}** | ${row.criteria.map(cell).join(" | ")} |`,
    ),
    "",
  ];
  writeFileSync(join(ROOT, "bench/AWESOMESHOES.md"), lines.join("\n"));
}

if (!process.argv.includes("--table")) runAll();
const results = JSON.parse(readFileSync(RESULTS, "utf8"));
writeTable(results);

const domain = ({ criteria }) => criteria.find(({ name }) => name === "domain errors");
const broken = [
  ...results.seeds
    .filter((seed) => !(domain(seed).ci[0] > 0))
    .map(({ name }) => `${name}: the interval of domain errors includes zero`),
  ...(results.outdated.verdict === "fail"
    ? []
    : [`the outdated policy was not refused: ${results.outdated.verdict}`]),
];
for (const line of broken) console.error(line);
process.exitCode = broken.length > 0 ? 1 : 0;
