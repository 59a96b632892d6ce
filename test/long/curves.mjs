/**
 * Compares the losses of the first steps of AwesomeShoes on each engine, through the CLI with the settings of its task.yaml. Writes
 * bench/results/curves.json. About a minute per engine on two idle cores. Without native tfjs (`lorafit setup tfjs`) it prints that and
 * compares nothing.
 *
 *     node test/long/curves.mjs [STEPS]          (after npm run build; default: 50)
 */
import { spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";

const ROOT = join(import.meta.dirname, "../..");
const STEPS = Number(process.argv[2] ?? 50);
const SIDES = [
  { engine: "onnx", precision: "float32" },
  { engine: "tfjs", precision: "float32" },
  { engine: "tfjs", precision: "bf16" },
];

/** Relative distance that the mean loss of the last ten steps may have from onnx's: rounding in another order, and in bf16. */
const ALLOWED = { float32: 1e-4, bf16: 1e-2 };

function lorafit(...args) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(ROOT, "dist/cli.js"), ...args], {
    encoding: "utf8",
    maxBuffer: 1 << 26,
  });
  if (status !== 0) throw new Error(`${args.join(" ")}: exit code ${status}\n${stderr}`);
  return stdout;
}

const eventsOf = (text) =>
  text
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));

const tfjs = eventsOf(lorafit("doctor", "--json")).find(({ engine }) => engine === "tfjs");
if (!tfjs.usable) {
  console.log(`nothing to compare: no tfjs here: ${tfjs.reason}`);
  process.exit();
}

/** Loss of each step, and of each validation. */
function curveOf(task, { engine, precision }) {
  const settings = [`max_steps=${STEPS}`, `precision=${precision}`].flatMap((set) => ["--set", set]);
  const events = eventsOf(lorafit("train", task, "--engine", engine, "--json", ...settings));
  const losses = (name) => events.filter(({ event }) => event === name).map(({ loss }) => loss);
  const { device } = events.find(({ event }) => event === "run-start");
  console.log(`${engine} ${precision} on ${device}: ${losses("step-end").at(-1)} after ${STEPS} steps`);
  return { engine, precision, device, steps: losses("step-end"), validations: losses("validation-end") };
}

/** All on one curated copy of the task. */
function curvesOf(sides) {
  const folder = mkdtempSync(join(tmpdir(), "lorafit-curves-"));
  try {
    for (const part of ["general", "awesomeshoes"])
      cpSync(join(ROOT, "datasets", part), join(folder, part), { recursive: true });
    const task = join(folder, "awesomeshoes");
    lorafit("curate", task, "--accept", "safe", "--quiet");
    return sides.map((side) => curveOf(task, side));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Largest relative distance of two curves, and that of their means over the last ten steps. */
function distance(curve, from) {
  const relative = (a, b) => Math.abs(a - b) / Math.abs(b);
  const tail = ({ steps }) => steps.slice(-10).reduce((sum, loss) => sum + loss, 0) / 10;
  const largest = (name) => Math.max(...curve[name].map((loss, i) => relative(loss, from[name][i])));
  return {
    steps: largest("steps"),
    validations: largest("validations"),
    last_ten: relative(tail(curve), tail(from)),
  };
}

const curves = curvesOf(SIDES);
const [first, ...others] = curves;
const result = {
  task: "awesomeshoes",
  steps: STEPS,
  cpu: cpus()[0].model.trim(),
  date: new Date().toISOString().slice(0, 10),
  apart_from_onnx: others.map((curve) => ({
    engine: curve.engine,
    precision: curve.precision,
    ...distance(curve, first),
  })),
  curves,
};
writeFileSync(join(ROOT, "bench/results/curves.json"), `${JSON.stringify(result, null, 2)}\n`);
console.log(JSON.stringify(result.apart_from_onnx, null, 2));
const broken = result.apart_from_onnx.filter(({ precision, last_ten }) => !(last_ten <= ALLOWED[precision]));
for (const { engine, precision, last_ten } of broken)
  console.error(`${engine} ${precision}: ${last_ten} from onnx over the last ten steps`);
process.exitCode = broken.length > 0 ? 1 : 0;
