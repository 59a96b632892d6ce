/**
 * The AwesomeShoes task through the real CLI, several times: on five training seeds, and on the outdated 30-day policy.
 * Writes bench/results/awesomeshoes.json and bench/AWESOMESHOES.md. Takes two to four minutes a seed on two idle cores.
 *
 *     node test/long/awesomeshoes.mjs            (after npm run build; continues after an interruption)
 *       --fresh   start over        --table   only the page, from the results
 *       --judged TASK   no training: the seed's row from the only run of this task folder, which eval and gate have judged under today's
 *                       cases; its adapter comes from an earlier training on the same rows, and the page says so
 */
import { execFileSync, spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";

const ROOT = join(import.meta.dirname, "../..");
const SEEDS = [7, 1, 2, 3, 4];

/** `lorafit run` on a fresh copy of the task, of which `change` edits task.yaml. Returns `look(folder, process)`. */
function onCopy(change, look) {
  const folder = mkdtempSync(join(tmpdir(), "lorafit-long-"));
  try {
    for (const part of ["general", "awesomeshoes"])
      cpSync(join(ROOT, "datasets", part), join(folder, part), { recursive: true });
    const task = join(folder, "awesomeshoes");
    const file = join(task, "task.yaml");
    writeFileSync(file, change(readFileSync(file, "utf8")));
    const began = performance.now();
    const command = [join(ROOT, "dist/cli.js"), "run", "--quiet"];
    const ended = spawnSync(process.execPath, command, { cwd: task, encoding: "utf8", maxBuffer: 1 << 26 });
    return look(task, { ...ended, seconds: Math.round((performance.now() - began) / 1000) });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** What the page needs of the only run of a task folder. */
function judgedIn(task) {
  const [id] = readdirSync(join(task, "runs"));
  const file = join(task, "runs", id, "verdict.json");
  const { verdict, exit_code, seed, criteria, right, preconditions } = JSON.parse(readFileSync(file, "utf8"));
  const outcomes = criteria.map(({ name, base, tuned, difference, estimate, ci, outcome }) => ({
    name,
    base,
    tuned,
    difference,
    estimate,
    ci,
    outcome,
  }));
  return { name: `seed ${seed}`, run: id, verdict, exit_code, criteria: outcomes, right, preconditions };
}

function trained(seed) {
  return onCopy(
    (yaml) => yaml.replace(/^seed: \d+/m, `seed: ${seed}`),
    (task, { status, stderr, seconds }) => {
      const { run, ...judged } = judgedIn(task);
      if (judged.exit_code !== status || judged.name !== `seed ${seed}`)
        throw new Error(`${judged.name}: exit code ${status}, verdict.json of ${run} disagrees\n${stderr}`);
      console.log(`${judged.name}: ${judged.verdict} in ${seconds} s`);
      return { ...judged, seconds };
    },
  );
}

/** Runs on transcripts that say 30 days where the policy says 60: the run must stop before training. */
function outdated() {
  return onCopy(
    (yaml) => yaml.replace("train: data/transcripts.jsonl", "train: data/transcripts-30-day.jsonl"),
    (task, { status, stderr }) => {
      const said = stderr.trim().split("\n")[0];
      console.log(`outdated 30-day policy: exit code ${status}, ${said}`);
      return { exit_code: status, said, trained: existsSync(join(task, "runs")) };
    },
  );
}

const RESULTS = join(ROOT, "bench/results/awesomeshoes.json");

const kept = () => JSON.parse(readFileSync(RESULTS, "utf8"));

/** Each part is written as soon as it is measured. */
function measure() {
  const commit = execFileSync("git", ["rev-parse", "--short", "HEAD"], {
    cwd: ROOT,
    encoding: "utf8",
  }).trim();
  const machine = { cpu: cpus()[0].model, cores: cpus().length, node: process.version };
  const fresh = process.argv.includes("--fresh") || !existsSync(RESULTS);
  const { seeds, ...rest } = fresh ? { seeds: [] } : kept();
  const results = { machine, seeds, ...rest };
  const save = () => writeFileSync(RESULTS, `${JSON.stringify(results, null, 1)}\n`);
  if (results.outdated === undefined) {
    results.outdated = { ...outdated(), commit };
    save();
  }
  const at = process.argv.indexOf("--judged");
  if (at >= 0) {
    const row = { ...judgedIn(process.argv[at + 1]), commit };
    const others = seeds.filter(({ name }) => name !== row.name);
    seeds.splice(0, seeds.length, row, ...others);
    return save();
  }
  for (const seed of SEEDS) {
    if (seeds.some(({ name }) => name === `seed ${seed}`)) continue;
    seeds.push({ ...trained(seed), commit });
    save();
  }
}

const ENTROPY = "general capability";
const COUNTED = new Set(["critical policy", "critical floor"]);

/** Estimate with the bounds that decide: nats, points, or the share of clusters at risk that fail. */
function cell({ name, estimate, ci, outcome }) {
  const [scale, digits] = name === ENTROPY ? [1, 3] : [100, 1];
  const text = (value) => (scale * value).toFixed(digits);
  const shown = COUNTED.has(name) ? "" : `${text(estimate)} `;
  return `${shown}(${text(ci[0])} to ${text(ci[1])}) ${outcome}`;
}

function writeTable({ machine, seeds, outdated }) {
  const row = (name, cells) => `| ${name} | ${cells.join(" | ")} |`;
  const counts = seeds[0].right.map(({ of, scorer }, i) => {
    const cells = seeds.map(({ right }) => {
      const { n, base, tuned, lookup } = right[i];
      return `${tuned} of ${n}; base ${base}, lookup ${lookup}`;
    });
    return row(scorer === "checks" ? of : `${of}: ${scorer}`, cells);
  });
  const criteria = seeds[0].criteria.map(({ name }, i) =>
    row(
      name,
      seeds.map((seed) => cell(seed.criteria[i])),
    ),
  );
  const missing = SEEDS.length - seeds.length;
  const lines = [
    `# The AwesomeShoes task on ${seeds.length === 1 ? "one seed" : `${seeds.length} seeds`} and on an outdated policy`,
    "",
    "Generated by `node test/long/awesomeshoes.mjs` from `results/awesomeshoes.json`. Each column is a complete `lorafit run` from the raw",
    "transcripts. Differences are tuned minus base (or lookup), in percentage points of passed cases (general capability: nats per token), with the bounds that decide.",
    "Floors: the tuned model's own share of passed cases. Critical: share of the clusters at risk that fail.",
    ...(missing === 0
      ? []
      : [`The other ${missing} seeds of the script were not run under the present criteria.`]),
    ...seeds
      .filter(({ run }) => run !== undefined)
      .map(
        ({ name, run }) =>
          `The adapter of ${name} is that of run ${run}, trained earlier on the same rows and judged under the present cases.`,
      ),
    `${machine.cpu}, ${machine.cores} cores, Node ${machine.node}; commit ${[...new Set(seeds.map(({ commit }) => commit))].join(", ")}.`,
    "",
    row(
      "",
      seeds.map(({ name }) => name),
    ),
    `| --- |${seeds.map(() => " --- |").join("")}`,
    row(
      "verdict",
      seeds.map(({ verdict }) => `**${verdict}**`),
    ),
    ...criteria,
    "",
    "Cases answered right:",
    "",
    row(
      "",
      seeds.map(({ name }) => name),
    ),
    `| --- |${seeds.map(() => " --- |").join("")}`,
    ...counts,
    "",
    `On the outdated 30-day policy \`lorafit run\` stops before training, with exit code ${outdated.exit_code}: \`${outdated.said}\`. When the`,
    "stages are run one by one, so that it is trained, the gate refuses it: [POISONS.md](POISONS.md).",
    "",
  ];
  writeFileSync(join(ROOT, "bench/AWESOMESHOES.md"), lines.join("\n"));
}

if (!process.argv.includes("--table")) measure();
const results = kept();
writeTable(results);

const domain = ({ criteria }) => criteria.find(({ name }) => name === "domain errors");
const broken = results.seeds
  .filter((seed) => !(domain(seed).ci[0] > 0))
  .map(({ name }) => `${name}: the interval of domain errors includes zero`);
if (results.outdated.exit_code !== 3 || results.outdated.trained)
  broken.push(`the outdated policy was trained on, with exit code ${results.outdated.exit_code}`);
for (const line of broken) console.error(line);
process.exitCode = broken.length > 0 ? 1 : 0;
