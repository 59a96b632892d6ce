/**
 * Level and power of the gate on simulated sets with a known truth: exactly at the bar, or exactly as planned. Writes
 * bench/results/gate-truth.json and the tables of docs/gate.md. A few minutes on an idle core.
 *
 *     node test/long/gate-truth.mjs              (after npm run build; --table: only the page, from the results)
 *     node test/long/gate-truth.mjs --only TEXT  (only the scenarios whose name contains TEXT; the others keep their results)
 *     node test/long/gate-truth.mjs --scores RUN/answers.jsonl    (scores of another run to resample from)
 */
import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { join } from "node:path";
import { clopperPearsonUpper } from "./lib/clopper-pearson.mjs";
import { gateTruthTables } from "./lib/gate-truth-tables.mjs";
import { NULLS, PLANNED, realNulls, SIZES, UNPROTECTED } from "./lib/gate-truth-worlds.mjs";
import { writeBetween } from "./lib/page.mjs";

const ROOT = join(import.meta.dirname, "../..");
const built = (file) => import(join(ROOT, "dist", file));
const { judge } = await built("evaluate/decision/decide.js");
const { natsRange } = await built("evaluate/decision/evidence.js");
const { boundP, drawsFor, negated, signFlip } = await built("evaluate/decision/statistics.js");
const { powerNotes } = await built("evaluate/decision/power.js");
const { createRng } = await built("rng.js");

const SETS = 2000;
/** Sets of a scenario whose upper bound is close to the limit after the first 2,000. */
const MORE_SETS = 10_000;
const LEVELS = [0.05, 0.025];
/** Limits of the 95 % upper bound of the rate of passes, by level. */
const ALLOWED = { 0.05: 0.065, 0.025: 0.036 };
const NEAR = { 0.05: 0.06, 0.025: 0.033 };
/** One set in this many is also judged by the gate itself, which must agree. */
const CHECK_EVERY = 200;
const RESULTS = join(ROOT, "bench/results/gate-truth.json");
const SCORES = join(import.meta.dirname, "data/awesomeshoes-scores.json");
const PAGE = join(ROOT, "docs/gate.md");

/** Part of the names of the scenarios to draw; undefined: all. */
const only = process.argv.includes("--only") ? process.argv[process.argv.indexOf("--only") + 1] : undefined;
const chosen = (worlds) => worlds.filter(({ what }) => only === undefined || what.includes(only));

/** p of a set's cluster means, by the gate's own tests; the sign-flip test only where the bound has not decided against a pass. */
function pOf(criterion, { means, range }, seed) {
  if (criterion.kind === "at-least") return boundP(means, 0, criterion.floor);
  if (criterion.kind === "at-most") return boundP(negated(means), -1, -criterion.ceiling);
  const bar = criterion.kind === "superiority" ? criterion.margin : -criterion.margin;
  const p = boundP(means, range[0], bar);
  return p > LEVELS[0] ? p : Math.max(p, signFlip(means, bar, seed, drawsFor(LEVELS[0])));
}

/** Passes at each level of sets made by `set`, with the upper bound of their rate. */
function rates(name, criterion, set) {
  const rng = createRng(name);
  const passes = LEVELS.map(() => 0);
  const upper = (i, sets) => clopperPearsonUpper(passes[i], sets);
  let sets = 0;
  for (const last of [SETS, MORE_SETS]) {
    if (sets > 0 && LEVELS.every((alpha, i) => upper(i, sets) <= NEAR[alpha])) break;
    for (; sets < last; sets++) {
      const cases = set(rng);
      const p = pOf(criterion, sampleOf(criterion, cases), sets);
      if (sets % CHECK_EVERY === 0) {
        const judged = judge(criterion, scoresOf(cases), { alpha: LEVELS[0], seed: sets });
        if (p <= LEVELS[0] ? Math.abs(judged.p - p) > 1e-12 : judged.p <= LEVELS[0])
          throw new Error(`${name}: p is ${p} here and ${judged.p} to the gate`);
      }
      for (const [i, alpha] of LEVELS.entries()) if (p <= alpha) passes[i]++;
    }
  }
  const levels = LEVELS.map((alpha, i) => ({
    alpha,
    passed: passes[i] / sets,
    upper: Math.round(1e5 * upper(i, sets)) / 1e5,
  }));
  console.log(`${name}: ${levels.map(({ passed, upper }) => `${passed} (at most ${upper})`).join("; ")}`);
  return { sets, levels };
}

/** Clusters of cases as columns; a case repeats its cluster's first with probability `alike`. */
function made(rng, { clusters, sizes, alike, draw }) {
  const sizeList = SIZES[sizes](rng, clusters);
  const n = sizeList.reduce((total, size) => total + size, 0);
  const [base, tuned, cluster] = [new Float64Array(n), new Float64Array(n), new Int32Array(n)];
  let at = 0;
  for (let c = 0; c < clusters; c++) {
    let first;
    for (let i = 0; i < sizeList[c]; i++) {
      const pair = i > 0 && (alike === 1 || rng.next() < alike) ? first : draw(rng, sizeList[c], c);
      first ??= pair;
      [base[at], tuned[at], cluster[at]] = [pair[0], pair[1], c];
      at++;
    }
  }
  return { base, tuned, cluster, clusters };
}

/** The cluster means that the gate would compute; every 200th set is compared with it. */
function sampleOf({ kind, scorer }, { base, tuned, cluster, clusters }) {
  const sums = new Float64Array(clusters);
  const sizes = new Int32Array(clusters);
  const own = kind === "at-least" || kind === "at-most";
  const sign = scorer === "cross-entropy" ? -1 : 1;
  for (let i = 0; i < base.length; i++) {
    sums[cluster[i]] += own ? tuned[i] : sign * (tuned[i] - base[i]);
    sizes[cluster[i]]++;
  }
  for (let c = 0; c < clusters; c++) sums[c] /= sizes[c];
  return { means: sums, range: sign < 0 ? natsRange(sums) : [-1, 1] };
}

const scoresOf = ({ base, tuned, cluster }) =>
  Array.from(base, (score, i) => ({ id: "", cluster: String(cluster[i]), base: score, tuned: tuned[i] }));

function levelOf(worlds) {
  return worlds.flatMap(({ what, criterion, draw, clusters: counts, sizes: kinds, alike: alikes }) =>
    kinds.flatMap((sizes) =>
      (sizes === "1 each" ? [0] : alikes).flatMap((alike) =>
        // Agreement within clusters is worst at 1; less of it is drawn for one count.
        counts
          .filter((clusters) => alike !== 0.5 || clusters === 75 || alikes.length === 1)
          .map((clusters) => {
            const name = `${what}; ${clusters} clusters, ${sizes}, alike ${alike}`;
            const world = { clusters, sizes, alike, draw };
            return { what, clusters, sizes, alike, ...rates(name, criterion, (rng) => made(rng, world)) };
          }),
      ),
    ),
  );
}

function realLevel() {
  const rows = JSON.parse(readFileSync(SCORES, "utf8"));
  return chosen(realNulls(rows)).map(({ what, criterion, clusters, set }) => ({
    what,
    clusters,
    sizes: "as answered",
    alike: null,
    ...rates(what, criterion, set),
  }));
}

/** At the planned effect, with as many clusters as the power note asks for, at the level of the first look. */
function powerResults() {
  const alpha = 0.025;
  return chosen(PLANNED).flatMap(({ what, criterion, draw }) => {
    const kind = criterion.scorer === "cross-entropy" ? "text" : "chat";
    const cases = [{ pack: "simulated", cluster: "1", row: {}, body: { kind } }];
    const [{ needed }] = powerNotes([criterion], cases, () => alpha);
    return [
      ["1 each", 0],
      ["3 each", 1],
    ].map(([sizes, alike]) => {
      const name = `${what}; ${needed} clusters, ${sizes}`;
      const rng = createRng(name);
      let passed = 0;
      for (let i = 0; i < SETS; i++) {
        if (
          pOf(criterion, sampleOf(criterion, made(rng, { clusters: needed, sizes, alike, draw })), i) <= alpha
        )
          passed++;
      }
      console.log(`${name}: power ${passed / SETS}`);
      return { what, sizes, clusters: needed, power: passed / SETS };
    });
  });
}

/** Earlier results with the rows of the scenarios just drawn replaced. */
const replaced = (results, drawn) => ({
  ...results,
  ...Object.fromEntries(
    Object.entries(drawn).map(([key, rows]) => [
      key,
      [...results[key].filter(({ what }) => !what.includes(only)), ...rows],
    ]),
  ),
});

const MARKS = ["<!-- made by test/long/gate-truth.mjs -->", "<!-- end -->"];

if (process.argv.includes("--scores")) {
  const rows = readFileSync(process.argv[process.argv.indexOf("--scores") + 1], "utf8")
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
  const kept = rows.filter(({ pack, kind }) => (pack === "general" ? kind === "text" : kind === "chat"));
  const lines = kept.map(({ pack, cluster, base, tuned }) =>
    JSON.stringify([pack, cluster, base.score, tuned.score]),
  );
  writeFileSync(SCORES, `[\n${lines.join(",\n")}\n]\n`);
  process.exit();
}
if (!process.argv.includes("--table")) {
  const began = performance.now();
  const power = powerResults();
  const level = [...realLevel(), ...levelOf(chosen(NULLS))];
  const unprotected = levelOf(chosen(UNPROTECTED));
  const commit = execFileSync("git", ["rev-parse", "--short", "HEAD"], {
    cwd: ROOT,
    encoding: "utf8",
  }).trim();
  const machine = { cpu: cpus()[0].model, cores: cpus().length, node: process.version };
  const seconds = Math.round((performance.now() - began) / 1000);
  const drawn = { level, unprotected, power };
  const results =
    only === undefined
      ? { commit, machine, seconds, sets: SETS, ...drawn }
      : replaced(JSON.parse(readFileSync(RESULTS, "utf8")), drawn);
  const text = JSON.stringify(results, null, 1)
    // A row is a line, or the file has 20,000.
    .replace(/\n {2,}(?! ?\{\n? *"what")/g, " ");
  writeFileSync(RESULTS, `${text}\n`);
}
const results = JSON.parse(readFileSync(RESULTS, "utf8"));
writeBetween(PAGE, MARKS, gateTruthTables(results, LEVELS));
const broken = [
  ...results.level.flatMap(({ what, sizes, clusters, levels }) =>
    levels
      .filter(({ alpha, upper }) => upper > ALLOWED[alpha])
      .map(({ alpha, upper }) => `${what}; ${clusters} clusters, ${sizes}: up to ${upper} pass at ${alpha}`),
  ),
  ...results.power
    .filter(({ power }) => power < 0.89)
    .map(({ what, sizes, power }) => `${what}, ${sizes}: power ${power}`),
];
for (const line of broken) console.error(line);
process.exitCode = broken.length > 0 ? 1 : 0;
