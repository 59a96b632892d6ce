/**
 * Runs every check that takes too long for `npm test` in sequence; README.md describes them. All run, even after a failure. Exit code 1
 * if one failed.
 *
 *     npm run verify:long            (builds first)
 */
import { spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { basename, join } from "node:path";

/** Scripts that continue an interrupted run unless --fresh is given. */
const FRESH = new Set(["awesomeshoes.mjs", "poisons.mjs"]);

const scripts = readdirSync(import.meta.dirname)
  .filter((name) => name.endsWith(".mjs") && name !== basename(import.meta.filename))
  .sort();
const done = scripts.map((name) => {
  console.log(`\n${name}`);
  const began = performance.now();
  const args = [join(import.meta.dirname, name), ...(FRESH.has(name) ? ["--fresh"] : [])];
  const { status } = spawnSync(process.execPath, args, { stdio: "inherit" });
  return { name, status, minutes: (performance.now() - began) / 60_000 };
});
console.log("");
for (const { name, status, minutes } of done)
  console.log(`${status === 0 ? "ok    " : "failed"}  ${name}, ${minutes.toFixed(1)} min`);
process.exitCode = done.every(({ status }) => status === 0) ? 0 : 1;
