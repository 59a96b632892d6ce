/**
 * False alarms and power of drift detection. Writes bench/results/drift.json and the tables of docs/drift.md. About a quarter of an hour on an
 * idle core.
 *
 *     node test/long/drift.mjs      (after npm run build; with `alarms`, `power` or `dependent` only that part, with `table` only the tables)
 */
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { join } from "node:path";
import { readRows } from "../../dist/data/rows.js";
import { comparePlaced, STATISTICS } from "../../dist/drift/compare.js";
import { detectDrift, drawsAt } from "../../dist/drift/detect.js";
import { oneOfEach, readQueries } from "../../dist/drift/queries.js";
import { makeReference } from "../../dist/drift/reference.js";
import { placeTexts, trainingSpace } from "../../dist/drift/space.js";
import { holm } from "../../dist/evaluate/decision/statistics.js";
import { ALPHA } from "../../dist/evaluate/looks/looks.js";
import { chat } from "../../dist/kinds/chat/chat.js";
import { createRng } from "../../dist/rng.js";
import { parsePolicy } from "../../dist/task/policy.js";
import { clopperPearsonUpper } from "./lib/clopper-pearson.mjs";

const ROOT = join(import.meta.dirname, "../..");
const RESULTS = join(ROOT, "bench/results/drift.json");
const PAGE = join(ROOT, "docs/drift.md");
const TASK = join(ROOT, "datasets/awesomeshoes");
/** Queries on the new line of boots, in the month that has it. */
const BOOTS = /fjord|tundra|glacier|polar|crampon|felt liner|snow boots/i;

const SPLITS = 2000;
const DEPENDENT = 1000;
const MOST = 0.065;
const [REFERENCE, BATCH] = [600, 300];
const SHARES = [0, 0.02, 0.05, 0.1, 0.2, 0.4];
const SIZES = [100, 300, 600];
const TRIALS = 50;

const KINDS = [
  ["first_look", "one look at 300 queries, at the first look's level of 2.5 %"],
  ["three_looks", "three looks at 100 queries each, one after the other"],
  ["full_alpha", "one look at 300 queries that may spend all 5 %"],
];

const levelOf = (look) => ALPHA / (look * (look + 1));
const lists = Object.entries;
const rowsAt = (placed, places) =>
  Object.fromEntries(lists(placed).map(([key, values]) => [key, places.map((i) => values[i])]));
const joined = (a, b) => Object.fromEntries(lists(a).map(([key, values]) => [key, [...values, ...b[key]]]));

/** `count` of 0 … n - 1 without replacement, in random order. */
function drawn(n, count, rng) {
  const places = Array.from({ length: n }, (_, i) => i);
  for (let i = 0; i < count; i++) {
    const j = i + rng.int(n - i);
    [places[i], places[j]] = [places[j], places[i]];
  }
  return places.slice(0, count);
}

/** Holm's adjusted p of each statistic, as the verb computes them. */
function adjusted(reference, fresh, level, seed) {
  const { tests } = comparePlaced(reference, fresh, drawsAt(level), createRng(seed));
  return holm(STATISTICS.map((name) => tests[name].p));
}

function progress(what, done, total, began) {
  const left = ((performance.now() - began) / 1000 / done) * (total - done);
  if (done % Math.ceil(total / 20) === 0)
    console.log(`${what}: ${done} of ${total}, ${Math.round(left)} s left`);
}

/** Splits of the stable month into a reference and a batch, and into a reference and three smaller batches. */
function falseAlarms(space, queries, placed) {
  const counts = { first_look: 0, three_looks: 0, full_alpha: 0 };
  const began = performance.now();
  for (let split = 0; split < SPLITS; split++) {
    const places = drawn(queries.length, REFERENCE + BATCH, createRng(`split ${split}`));
    const reference = rowsAt(placed, places.slice(0, REFERENCE));
    const batch = places.slice(REFERENCE);
    const smallest = Math.min(...adjusted(reference, rowsAt(placed, batch), levelOf(1), `batch ${split}`));
    if (smallest <= levelOf(1)) counts.first_look++;
    if (smallest <= ALPHA) counts.full_alpha++;
    if (split < 10) sameAsVerb(space, queries, reference, batch, split, smallest <= levelOf(1));
    const alarmed = [1, 2, 3].some((look) => {
      const third = batch.slice(((look - 1) * BATCH) / 3, (look * BATCH) / 3);
      const ps = adjusted(reference, rowsAt(placed, third), levelOf(look), `batch ${split}/${look}`);
      return Math.min(...ps) <= levelOf(look);
    });
    if (alarmed) counts.three_looks++;
    progress("false alarms", split + 1, SPLITS, began);
  }
  return Object.fromEntries(
    lists(counts).map(([name, alarms]) => [
      name,
      { alarms, splits: SPLITS, upper_95: clopperPearsonUpper(alarms, SPLITS) },
    ]),
  );
}

/** Checks that the simulation decides as `lorafit drift` does. Each query has its own session, so that none is left out. */
function sameAsVerb(space, queries, placed, batch, split, alarm) {
  const reference = { made: "", queries: REFERENCE, space, placed };
  const log = {
    file: "",
    sha256: `batch ${split}`,
    queries: batch.map((i) => ({ ...queries[i], session: `${i}` })),
  };
  const { outcome } = detectDrift(reference, log, { look: 1, level: levelOf(1) });
  if ((outcome === "drift") !== alarm) throw new Error(`split ${split}: the verb says ${outcome}`);
}

/** Batches of the stable month with a share of queries on the new boots, against the reference, at the first look. */
function power(reference, stable, boots) {
  const began = performance.now();
  const cells = SIZES.flatMap((size) => SHARES.map((share) => ({ size, share })));
  return cells.map(({ size, share }, cell) => {
    const planted = Math.round(size * share);
    const found = Object.fromEntries(["any", ...STATISTICS].map((name) => [name, 0]));
    for (let trial = 0; trial < TRIALS; trial++) {
      const rng = createRng(`power ${size} ${share} ${trial}`);
      const ordinary = rowsAt(stable, drawn(stable.lengths.length, size - planted, rng));
      const extra = Array.from({ length: planted }, () => rng.int(boots.lengths.length));
      const batch = joined(ordinary, rowsAt(boots, extra));
      const ps = adjusted(reference, batch, levelOf(1), `power ${size} ${share} ${trial}`);
      for (const [i, name] of STATISTICS.entries()) if (ps[i] <= levelOf(1)) found[name]++;
      if (Math.min(...ps) <= levelOf(1)) found.any++;
    }
    progress("power", cell + 1, cells.length, began);
    return { size, share, trials: TRIALS, found };
  });
}

/**
 * Logs of the stable month: as drawn; with sessions of three messages on one topic; with each message logged twice. Counts alarms when
 * all queries are compared, and when one query per conversation is compared, as `lorafit drift` does.
 */
function dependent(queries, placed) {
  const byTopic = new Map();
  for (const i of queries.keys())
    byTopic.set(placed.topics[i], [...(byTopic.get(placed.topics[i]) ?? []), i]);
  const makers = {
    independent: (places) => places.map((i) => ({ i })),
    sessions: (places, rng) =>
      places.slice(0, BATCH / 3).flatMap((first, session) => {
        const alike = byTopic.get(placed.topics[first]);
        return [first, alike[rng.int(alike.length)], alike[rng.int(alike.length)]].map((i) => ({
          i,
          session,
        }));
      }),
    duplicates: (places) => places.slice(0, BATCH / 2).flatMap((i) => [{ i }, { i }]),
  };
  const began = performance.now();
  return Object.fromEntries(
    lists(makers).map(([name, make], part) => {
      const counts = { all_queries: 0, one_of_each: 0 };
      for (let split = 0; split < DEPENDENT; split++) {
        const rng = createRng(`${name} ${split}`);
        const places = drawn(queries.length, REFERENCE + BATCH, rng);
        const before = places.slice(0, REFERENCE).map((i) => ({ ...queries[i], i }));
        const log = make(places.slice(REFERENCE), rng).map(({ i, session }) => ({
          ...queries[i],
          i,
          session: session === undefined ? undefined : String(session),
        }));
        const at = (batch) =>
          rowsAt(
            placed,
            batch.map(({ i }) => i),
          );
        const alarm = (reference, batch) =>
          Math.min(...adjusted(at(reference), at(batch), levelOf(1), `${name} ${split}`)) <= levelOf(1);
        if (alarm(before, log)) counts.all_queries++;
        const seed = `${name} ${split}`;
        if (alarm(oneOfEach(before, seed), oneOfEach(log, seed))) counts.one_of_each++;
        progress("dependent", part * DEPENDENT + split + 1, 3 * DEPENDENT, began);
      }
      return [
        name,
        Object.fromEntries(
          lists(counts).map(([way, alarms]) => [
            way,
            { alarms, splits: DEPENDENT, upper_95: clopperPearsonUpper(alarms, DEPENDENT) },
          ]),
        ),
      ];
    }),
  );
}

/** Measures the parts that are asked for, and keeps the results of the others. */
function measure(parts) {
  const policy = parsePolicy(readFileSync(join(TASK, "policy.md"), "utf8"), "policy.md");
  const rows = readRows(chat.rows, [join(TASK, "data/transcripts-30-day.jsonl")], {
    groupKey: "transcript_id",
  });
  const space = trainingSpace(rows, policy);
  const log = (name) => readQueries(join(TASK, "data", name));
  const place = (queries) =>
    placeTexts(
      space,
      queries.map(({ text }) => text),
    );
  const stable = log("queries-april.jsonl");
  const placed = place(stable);
  const boots = place(log("queries-may.jsonl").filter(({ text }) => BOOTS.test(text)));
  const reference = makeReference(space, log("reference.jsonl"));
  const machine = { cpu: cpus()[0].model, cores: cpus().length, node: process.version };
  const commit = execFileSync("git", ["rev-parse", "--short", "HEAD"], {
    cwd: ROOT,
    encoding: "utf8",
  }).trim();
  const run = {
    alarms: () => ({ split: { reference: REFERENCE, batch: BATCH }, ...falseAlarms(space, stable, placed) }),
    dependent: () => dependent(stable, placed),
    power: () => ({ reference: reference.queries, cells: power(reference.placed, placed, boots) }),
  };
  for (const part of parts) {
    const result = { commit, machine, alpha: ALPHA, ...run[part]() };
    const before = existsSync(RESULTS) ? JSON.parse(readFileSync(RESULTS, "utf8")) : {};
    writeFileSync(RESULTS, `${JSON.stringify({ ...before, [part]: result }, null, 1)}\n`);
  }
}

const LOGS = [
  ["independent", "as drawn"],
  ["sessions", "sessions of three messages on one topic"],
  ["duplicates", "each message logged twice"],
];

function tables({ alarms: results, power: { cells }, dependent }) {
  const percent = (value) => `${(100 * value).toFixed(1)} %`;
  const rows = KINDS.map(([key, what]) => {
    const { alarms, splits, upper_95 } = results[key];
    return `| ${what} | ${alarms} of ${splits} | ${percent(alarms / splits)} | ${percent(upper_95)} |`;
  });
  const cell = (size, share) => {
    const { found, trials } = cells.find((entry) => entry.size === size && entry.share === share);
    return ` ${Math.round((100 * found.any) / trials)} % |`;
  };
  const shares = SHARES.map((share) => ` ${100 * share} % |`).join("");
  return [
    "| stable month split without replacement, 600 as reference | alarms | share | upper 95 % bound |",
    "| --- | --- | --- | --- |",
    ...rows,
    "",
    "| log of the stable month | alarms when all queries are compared | when one of each conversation is, as `drift` does | upper 95 % bound |",
    "| --- | --- | --- | --- |",
    ...LOGS.map(([key, what]) => {
      const { all_queries: all, one_of_each: one } = dependent[key];
      return `| ${what} | ${all.alarms} of ${all.splits} | ${one.alarms} of ${one.splits} | ${percent(one.upper_95)} |`;
    }),
    "",
    `| new queries | ${shares.trim()}`,
    `| --- |${SHARES.map(() => " --- |").join("")}`,
    ...SIZES.map((size) => `| ${size} |${SHARES.map((share) => cell(size, share)).join("")}`),
  ].join("\n");
}

const [BEGIN, END] = ["<!-- made by node test/long/drift.mjs -->", "<!-- end -->"];

function writeTables(results) {
  const page = readFileSync(PAGE, "utf8");
  const [before, after] = [page.split(BEGIN)[0], page.split(END)[1]];
  writeFileSync(PAGE, `${before}${BEGIN}\n\n${tables(results)}\n\n${END}${after}`);
}

const [part = "all"] = process.argv.slice(2);
measure(
  {
    all: ["alarms", "power", "dependent"],
    alarms: ["alarms"],
    power: ["power"],
    dependent: ["dependent"],
    table: [],
  }[part],
);
const results = JSON.parse(readFileSync(RESULTS, "utf8"));
writeTables(results);
const bounds = [
  ...KINDS.map(([key, what]) => [what, results.alarms[key].upper_95]),
  ...LOGS.map(([key, what]) => [what, results.dependent[key].one_of_each.upper_95]),
];
const broken = bounds.filter(([, bound]) => bound > MOST);
for (const [what, bound] of broken) console.error(`false alarms, ${what}: at most ${bound}, not ${MOST}`);
process.exitCode = broken.length > 0 ? 1 : 0;
