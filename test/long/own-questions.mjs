/**
 * Error rates of the precondition "answers fit their questions": how often it passes unrelated answers and refuses fitting ones. Uses
 * answers of a real AwesomeShoes run: a share keeps its questions, the rest is permuted by cluster. Writes
 * bench/results/own-questions.json and a table of docs/gate.md. About two minutes on an idle core.
 *
 *     node test/long/own-questions.mjs            (after npm run build; --table: only the table, from the results)
 *     node test/long/own-questions.mjs --answers RUN/answers.jsonl    (answers of another run)
 */
import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { join } from "node:path";
import { clopperPearsonUpper } from "./lib/clopper-pearson.mjs";
import { writeBetween } from "./lib/page.mjs";

const ROOT = join(import.meta.dirname, "../..");
const { readCases } = await import(join(ROOT, "dist/evaluate/cases/cases.js"));
const { fitOf } = await import(join(ROOT, "dist/evaluate/preconditions/deal.js"));
const { FIT_LEVEL, fitTables } = await import(join(ROOT, "dist/evaluate/preconditions/own-questions.js"));
const { createRng } = await import(join(ROOT, "dist/rng.js"));
const { loadTask } = await import(join(ROOT, "dist/task/load.js"));

const ANSWERS = join(import.meta.dirname, "data/awesomeshoes-answers.json");
const RESULTS = join(ROOT, "bench/results/own-questions.json");
const PAGE = join(ROOT, "docs/gate.md");
const SETS = 1000;
/** Permutations per test; the gate makes 10,000. */
const DRAWS = 599;
const SHARES = [0, 0.1, 0.2, 0.3, 0.5, 1];
/** Clusters of a set; a smaller task has fewer of each pack. */
const SIZES = [318, 100, 30];
/** Bounds: the largest share of permuted sets that may pass, and the smallest of the run's own sets that must. */
const [MOST, LEAST] = [0.05, 0.9];

/** 0 … n - 1 in random order. */
function shuffled(list, rng) {
  const copy = [...list];
  for (let i = copy.length - 1; i > 0; i--) {
    const j = rng.int(i + 1);
    [copy[i], copy[j]] = [copy[j], copy[i]];
  }
  return copy;
}

/** A random part of a table's clusters. Each keeps its answers with probability `share`; those of the others are permuted among them. */
function mixed({ passes, clusters }, part, share, rng) {
  const some = shuffled(clusters, rng).slice(0, Math.max(2, Math.round(part * clusters.length)));
  const away = some.filter(() => rng.next() >= share);
  const given = new Map(some.map((own) => [own, own]));
  for (const [i, other] of shuffled(away, rng).entries()) given.set(away[i], other);
  const questions = some.flat();
  const answers = some.flatMap((own) => own.map((_, k) => given.get(own)[k % given.get(own).length]));
  let at = 0;
  return {
    passes: questions.map((i) => Uint8Array.from(answers, (j) => passes[i][j])),
    clusters: some.map((own) => own.map(() => at++)),
  };
}

function measure() {
  const task = loadTask(join(ROOT, "datasets/awesomeshoes/task.yaml"));
  const answers = JSON.parse(readFileSync(ANSWERS, "utf8")).map(([id, output]) => ({
    id,
    tuned: { output, finish: "stop" },
  }));
  const tables = fitTables(task, readCases(task), answers);
  const all = tables.reduce((total, { clusters }) => total + clusters.length, 0);
  if (all !== SIZES[0]) throw new Error(`${all} clusters, ${SIZES[0]} were expected`);
  const cells = SIZES.flatMap((size) =>
    SHARES.map((share) => {
      const rng = createRng(`${size} ${share}`);
      let passed = 0;
      for (let set = 0; set < SETS; set++) {
        const made = tables.map((table) => mixed(table, size / all, share, rng));
        if (fitOf(made, `${size} ${share} ${set}`, DRAWS).p <= FIT_LEVEL) passed++;
      }
      console.log(`${size} clusters, ${share} own: ${passed} of ${SETS} pass`);
      return { clusters: size, share, passed };
    }),
  );
  return { fit: fitOf(tables, task.seed), cells };
}

function table({ fit, cells }) {
  const percent = (value) => `${(100 * value).toFixed(1)} %`;
  const rows = SIZES.map((size) => {
    const row = SHARES.map((share) => cells.find((cell) => cell.clusters === size && cell.share === share));
    return `| ${size} | ${row.map(({ passed }) => percent(passed / SETS)).join(" | ")} |`;
  });
  return [
    `Of the run's answers ${percent(fit.own)} pass their own question's checks, ${percent(fit.dealt)} when dealt out (p = ${fit.p.toFixed(4)}). Sets that pass, of ${SETS.toLocaleString("en")} each (${DRAWS} draws a test),`,
    "by the share of clusters that keep their answers:",
    "",
    `| clusters | ${SHARES.map((share) => (share === 0 ? "none: all dealt out" : `${100 * share} %`)).join(" | ")} |`,
    `| ---: |${SHARES.map(() => " ---: |").join("")}`,
    ...rows,
  ].join("\n");
}

const MARKS = ["<!-- made by test/long/own-questions.mjs -->", "<!-- end of own-questions -->"];

if (process.argv.includes("--answers")) {
  const rows = readFileSync(process.argv[process.argv.indexOf("--answers") + 1], "utf8")
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
  const lines = rows
    .filter(({ tuned }) => tuned.finish !== undefined)
    .map(({ id, tuned }) => JSON.stringify([id, tuned.output]));
  writeFileSync(ANSWERS, `[\n${lines.join(",\n")}\n]\n`);
  process.exit();
}
if (!process.argv.includes("--table")) {
  const began = performance.now();
  const measured = measure();
  const commit = execFileSync("git", ["rev-parse", "--short", "HEAD"], {
    cwd: ROOT,
    encoding: "utf8",
  }).trim();
  const machine = { cpu: cpus()[0].model, cores: cpus().length, node: process.version };
  const seconds = Math.round((performance.now() - began) / 1000);
  const results = { commit, machine, seconds, level: FIT_LEVEL, sets: SETS, draws: DRAWS, ...measured };
  writeFileSync(RESULTS, `${JSON.stringify(results, null, 1)}\n`);
}
const results = JSON.parse(readFileSync(RESULTS, "utf8"));
writeBetween(PAGE, MARKS, table(results));
const broken = results.cells.flatMap(({ clusters, share, passed }) => {
  if (share === 0 && clopperPearsonUpper(passed, SETS) > MOST)
    return [`${clusters} clusters: ${passed} sets of unrelated answers pass`];
  if (share === 1 && clusters >= 100 && passed < LEAST * SETS)
    return [`${clusters} clusters: only ${passed} sets of the run's own answers pass`];
  return [];
});
for (const line of broken) console.error(line);
process.exitCode = broken.length > 0 ? 1 : 0;
