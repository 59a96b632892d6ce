/**
 * Does the gate hold its level, and has it the power that it promises? Judges simulated sets whose truth is known: labels swapped
 * at random by cluster, the true difference exactly at the bar, or exactly the locked effect. Writes bench/results/gate-truth.json
 * and the tables of docs/gate.md. About a quarter of an hour on two idle cores.
 *
 *     node test/long/gate-truth.mjs              (after npm run build; --table: only the page, from the results)
 *     node test/long/gate-truth.mjs --scores RUN/answers.jsonl    (other real scores to resample from)
 */
import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { join } from "node:path";
import { clopperPearsonUpper } from "./lib/clopper-pearson.mjs";
import { writeBetween } from "./lib/page.mjs";

const ROOT = join(import.meta.dirname, "../..");
const { judge } = await import(join(ROOT, "dist/evaluate/decide.js"));
const { powerNotes } = await import(join(ROOT, "dist/evaluate/power.js"));
const { createRng } = await import(join(ROOT, "dist/rng.js"));

const SETS = 2000;
/** Random draws of each test; the gate makes 10,000. */
const DRAWS = 599;
const LEVELS = [0.05, 0.025];
/** The 95 % upper bound of the rate of passes may be this at most: of 5 % and 2.5 %, with what 2,000 sets can tell. */
const ALLOWED = { 0.05: 0.065, 0.025: 0.036 };
const RESULTS = join(ROOT, "bench/results/gate-truth.json");
const SCORES = join(import.meta.dirname, "data/awesomeshoes-scores.json");
const PAGE = join(ROOT, "docs/gate.md");

const base = { name: "simulated", cases: "simulated" };
const superiority = (margin, effect) => ({ ...base, kind: "superiority", scorer: "checks", margin, effect });
const notWorse = (margin, scorer = "checks") => ({ ...base, kind: "non-inferiority", scorer, margin });

// ---- made-up sets: clusters of several sizes, cases of a cluster alike with the given probability

const SIZES = {
  "1 each": () => 1,
  "3 each": () => 3,
  "1 to 5": (rng) => 1 + rng.int(5),
  "geometric, mean 3.3": (rng) => Math.ceil(Math.log(1 - rng.next()) / Math.log(0.7)) || 1,
  "1, one in ten 20": (rng) => (rng.next() < 0.1 ? 20 : 1),
};

/** Clusters of cases, each with its base and tuned score; a case repeats its cluster's first with probability `alike`. */
function made(rng, clusters, sizeOf, alike, draw) {
  const scores = [];
  for (let c = 0; c < clusters; c++) {
    const size = sizeOf(rng);
    let first;
    for (let i = 0; i < size; i++) {
      const pair = first !== undefined && rng.next() < alike ? first : draw(rng);
      first ??= pair;
      scores.push({ id: `${c}-${i}`, cluster: String(c), base: pair[0], tuned: pair[1] });
    }
  }
  return scores;
}

/** A share: fixed with one probability, broken with another, else the same. */
const shares = (fixed, broken) => (rng) => {
  const u = rng.next();
  return u < fixed ? [0, 1] : u < fixed + broken ? [1, 0] : [1, 1];
};
/** Nats per token: the tuned model loses `loss` on average. */
const nats = (loss, noise) => (rng) => {
  const before = 3 + rng.next();
  return [before, before + loss + noise(rng)];
};
const NOISE = {
  normal: (rng) => 0.15 * rng.normal(),
  "a tail of losses": (rng) => 0.15 * (-Math.log(1 - rng.next()) - 1),
  "heavy tails": (rng) =>
    0.1 * (rng.normal() / Math.sqrt((rng.normal() ** 2 + rng.normal() ** 2 + rng.normal() ** 2) / 3)),
};

const NULLS = [
  { what: "0/1, no difference", criterion: superiority(0, 0.2), draw: shares(0.15, 0.15), alike: 0.5 },
  {
    what: "0/1, better by exactly the margin of 0.2",
    criterion: superiority(0.2, 0.4),
    draw: shares(0.3, 0.1),
    alike: 0.5,
  },
  {
    what: "0/1, worse by exactly 0.05, fixed and broken",
    criterion: notWorse(0.05),
    draw: shares(0.05, 0.1),
    alike: 0.3,
  },
  {
    what: "0/1, worse by exactly 0.05, only broken",
    criterion: notWorse(0.05),
    draw: shares(0, 0.05),
    alike: 0.7,
  },
  ...Object.entries(NOISE).map(([name, noise]) => ({
    what: `nats, worse by exactly 0.05, ${name}`,
    criterion: notWorse(0.05, "cross-entropy"),
    draw: nats(0.05, noise),
    alike: 0.3,
  })),
];

// ---- sets drawn from what the AwesomeShoes run scored, cluster by cluster with replacement

function real() {
  const packs = {};
  for (const [pack, cluster, before, after] of JSON.parse(readFileSync(SCORES, "utf8"))) {
    packs[pack] ??= new Map();
    packs[pack].set(cluster, [...(packs[pack].get(cluster) ?? []), [before, after]]);
  }
  return Object.fromEntries(Object.entries(packs).map(([pack, clusters]) => [pack, [...clusters.values()]]));
}

/** A resampled set; in each cluster base and tuned change places by a coin, then `change` makes the truth. */
function resampled(rng, clusters, change) {
  return clusters.flatMap((_, c) => {
    const swap = rng.next() < 0.5;
    return clusters[rng.int(clusters.length)].map(([before, after], i) => {
      const [left, right] = change(rng, swap ? [after, before] : [before, after]);
      return { id: `${c}-${i}`, cluster: String(c), base: left, tuned: right };
    });
  });
}

const mean = (values) => values.reduce((total, value) => total + value, 0) / values.length;

function realNulls(packs) {
  const same = (_, pair) => pair;
  /** Breaks passing answers, or fixes failing ones, until the expected difference is `by`. */
  const moved = (clusters, by) => {
    const passing = mean(clusters.flat(2));
    const rate = by < 0 ? -by / passing : by / (1 - passing);
    return (rng, [before, after]) => [before, rng.next() < rate ? (by < 0 ? 0 : 1) : after];
  };
  const checked = ["domain", "safety", "scope"].flatMap((pack) => {
    const clusters = packs[pack];
    return [
      { what: `${pack}: labels swapped`, criterion: superiority(0, 0.2), clusters, change: same },
      {
        what: `${pack}: better by exactly the margin of 0.1`,
        criterion: superiority(0.1, 0.3),
        clusters,
        change: moved(clusters, 0.1),
      },
      {
        what: `${pack}: worse by exactly 0.05`,
        criterion: notWorse(0.05),
        clusters,
        change: moved(clusters, -0.05),
      },
    ];
  });
  const general = packs.general;
  return [
    ...checked,
    {
      what: "general, nats: labels swapped, worse by exactly 0.05",
      criterion: notWorse(0.05, "cross-entropy"),
      clusters: general,
      change: (_, [a, b]) => [a, b + 0.05],
    },
    {
      what: "general, nats: labels swapped, better by exactly 0.02",
      criterion: { ...superiority(0.02, 0.1), scorer: "cross-entropy" },
      clusters: general,
      change: (_, [a, b]) => [a, b - 0.02],
    },
  ];
}

// ---- counting

function rates(name, criterion, set) {
  const rng = createRng(name);
  const passes = Object.fromEntries(LEVELS.map((alpha) => [alpha, 0]));
  for (let i = 0; i < SETS; i++) {
    const scores = set(rng);
    // The p does not depend on the level, and a pass is p <= alpha on 30 clusters or more.
    const { p, outcome } = judge(criterion, scores, { alpha: LEVELS[0], seed: i, draws: DRAWS });
    if ((outcome === "pass") !== p <= LEVELS[0]) throw new Error(`${name}: ${outcome} with p = ${p}`);
    for (const alpha of LEVELS) if (p <= alpha) passes[alpha]++;
  }
  const levels = LEVELS.map((alpha) => ({
    alpha,
    passed: passes[alpha] / SETS,
    upper: Math.round(1e5 * clopperPearsonUpper(passes[alpha], SETS)) / 1e5,
  }));
  console.log(
    `${name}: ${levels.map(({ alpha, passed, upper }) => `${alpha}: ${passed} (at most ${upper})`).join("; ")}`,
  );
  return levels;
}

function levelResults() {
  const packs = real();
  const rows = realNulls(packs).map(({ what, criterion, clusters, change }) => ({
    what,
    sizes: "as answered",
    clusters: clusters.length,
    levels: rates(what, criterion, (rng) => resampled(rng, clusters, change)),
  }));
  for (const { what, criterion, draw, alike } of NULLS) {
    for (const [sizes, sizeOf] of Object.entries(SIZES)) {
      for (const clusters of [30, 75]) {
        const levels = rates(`${what}; ${clusters} clusters, ${sizes}`, criterion, (rng) =>
          made(rng, clusters, sizeOf, alike, draw),
        );
        rows.push({ what, sizes, clusters, levels });
      }
    }
  }
  return rows;
}

/** At the locked effect, with as many clusters as the power note asks for, at the level of the first look. */
function powerResults() {
  const independent = (effect) => (rng) => [
    rng.next() < (1 - effect) / 2 ? 1 : 0,
    rng.next() < (1 + effect) / 2 ? 1 : 0,
  ];
  const asked = [
    ...[0.1, 0.2, 0.3].map((effect) => ({
      what: `0/1, superiority, effect ${effect}`,
      criterion: superiority(0, effect),
      draw: independent(effect),
    })),
    {
      what: "0/1, superiority, margin 0.1, effect 0.3",
      criterion: superiority(0.1, 0.3),
      draw: independent(0.3),
    },
    {
      what: "0/1, superiority, effect 0.2, few broken",
      criterion: superiority(0, 0.2),
      draw: shares(0.25, 0.05),
    },
    {
      what: "0/1, non-inferiority, margin 0.05, one in ten changes",
      criterion: notWorse(0.05),
      draw: shares(0.05, 0.05),
    },
    {
      what: "0/1, non-inferiority, margin 0.1, one in ten changes",
      criterion: notWorse(0.1),
      draw: shares(0.05, 0.05),
    },
    {
      what: "nats, non-inferiority, margin 0.05",
      criterion: notWorse(0.05, "cross-entropy"),
      draw: nats(0, NOISE.normal),
    },
  ];
  const alpha = 0.025;
  return asked.flatMap(({ what, criterion, draw }) => {
    const kind = criterion.scorer === "cross-entropy" ? "text" : "chat";
    const [note] = powerNotes(
      [criterion],
      [{ pack: "simulated", cluster: "1", row: {}, body: { kind } }],
      alpha,
    );
    return [
      ["1 each", 0],
      ["3 each", 1],
    ].map(([sizes, alike]) => {
      const name = `${what}; ${note.needed} clusters, ${sizes}`;
      const rng = createRng(name);
      let passed = 0;
      for (let i = 0; i < SETS; i++) {
        const scores = made(rng, note.needed, SIZES[sizes], alike, draw);
        if (judge(criterion, scores, { alpha, seed: i, draws: DRAWS }).outcome === "pass") passed++;
      }
      console.log(`${name}: power ${passed / SETS}`);
      return { what, sizes, clusters: note.needed, power: passed / SETS };
    });
  });
}

// ---- the page

function tables({ level, power, sets, draws }) {
  const percent = (share) => `${(100 * share).toFixed(1)} %`;
  const groups = new Map();
  for (const row of level) groups.set(row.what, [...(groups.get(row.what) ?? []), row]);
  const worst = (rows, i) =>
    rows.reduce((most, row) => (row.levels[i].passed > most.levels[i].passed ? row : most));
  const lines = [...groups].map(([what, rows]) => {
    const cells = LEVELS.map((_, i) => {
      const row = worst(rows, i);
      const where = rows.length > 1 ? ` (${row.clusters} clusters, ${row.sizes})` : "";
      return `${percent(row.levels[i].passed)}, at most ${percent(row.levels[i].upper)}${where}`;
    });
    return `| ${what} | ${rows.length} | ${cells.join(" | ")} |`;
  });
  return [
    `Of each ${sets.toLocaleString("en")} sets (${draws} draws a test), the share that passed although the truth lay exactly at the bar, with its one-sided 95 % upper`,
    "bound (Clopper and Pearson). Of several cluster counts (30, 75) and sizes the worst is shown; all are in `bench/results/gate-truth.json`.",
    "",
    "| truth | kinds of sets | at a level of 5 % | at 2.5 % |",
    "| --- | ---: | --- | --- |",
    ...lines,
    "",
    "At the locked effect, with the clusters that the power note asks for, at the level of the first look (2.5 %):",
    "",
    "| planned | clusters asked for | cases a cluster | passed |",
    "| --- | ---: | --- | ---: |",
    ...power.map((row) => `| ${row.what} | ${row.clusters} | ${row.sizes} | ${percent(row.power)} |`),
  ].join("\n");
}

const MARKS = ["<!-- made by test/long/gate-truth.mjs -->", "<!-- end -->"];

const answers = process.argv[process.argv.indexOf("--scores") + 1];
if (process.argv.includes("--scores")) {
  const rows = readFileSync(answers, "utf8")
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
  const level = levelResults();
  const commit = execFileSync("git", ["rev-parse", "--short", "HEAD"], {
    cwd: ROOT,
    encoding: "utf8",
  }).trim();
  const machine = { cpu: cpus()[0].model, cores: cpus().length, node: process.version };
  const seconds = Math.round((performance.now() - began) / 1000);
  writeFileSync(
    RESULTS,
    `${JSON.stringify({ commit, machine, seconds, sets: SETS, draws: DRAWS, level, power }, null, 1)}\n`,
  );
}
const results = JSON.parse(readFileSync(RESULTS, "utf8"));
writeBetween(PAGE, MARKS, tables(results));
const broken = [
  ...results.level.flatMap(({ what, sizes, clusters, levels }) =>
    levels
      .filter(({ alpha, upper }) => upper > ALLOWED[alpha])
      .map(({ alpha, upper }) => `${what}; ${clusters} clusters, ${sizes}: up to ${upper} pass at ${alpha}`),
  ),
  ...results.power
    .filter(({ power }) => power < 0.9)
    .map(({ what, sizes, power }) => `${what}, ${sizes}: power ${power}`),
];
for (const line of broken) console.error(line);
process.exitCode = broken.length > 0 ? 1 : 0;
