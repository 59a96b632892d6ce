// Copies into a folder everything that bench/gpu.mjs needs on a machine with only a driver: the built lorafit, the packages that its
// command line loads, this Node, the benchmark with its models, and the kernels. 160 MB, 40 MB as .tar.gz.
//
//   npm run build && node bench/gpu-pack.mjs DIR
import { cpSync, existsSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
/** Large packages of verbs that are not needed there; `doctor` reports onnxruntime as missing and continues. */
const LEFT_OUT = ["onnxruntime-node"];
const FILES = ["package.json", "dist", "bench", "kernels/dist", "LICENSE"];

const folder = process.argv[2];
if (folder === undefined || existsSync(folder) || !existsSync(join(root, "dist/cli.js"))) {
  const why =
    folder === undefined
      ? "name a folder"
      : existsSync(folder)
        ? `${folder} exists already`
        : "npm run build first";
  console.error(`node bench/gpu-pack.mjs DIR: ${why}`);
  process.exit(2);
}

/** Installed packages that lorafit depends on, by their paths in the lock file. */
function packages() {
  const lock = JSON.parse(readFileSync(join(root, "package-lock.json"), "utf8")).packages;
  const placeOf = (from, name) => {
    for (let at = from; ; at = at.slice(0, Math.max(0, at.lastIndexOf("node_modules/") - 1))) {
      const place = `${at === "" ? "" : `${at}/`}node_modules/${name}`;
      if (place in lock) return place;
      if (at === "") return undefined;
    }
  };
  const places = new Set();
  const follow = (from, names) => {
    for (const name of names) {
      const place = placeOf(from, name);
      // Optional packages of other platforms are not installed.
      if (place === undefined || places.has(place) || !existsSync(join(root, place))) continue;
      places.add(place);
      follow(place, Object.keys({ ...lock[place].dependencies, ...lock[place].optionalDependencies }));
    }
  };
  follow(
    "",
    Object.keys(lock[""].dependencies).filter((name) => !LEFT_OUT.includes(name)),
  );
  return [...places];
}

for (const path of [...FILES, ...packages()]) {
  cpSync(join(root, path), join(folder, path), { recursive: true, dereference: true });
}
mkdirSync(join(folder, "bin"));
cpSync(process.execPath, join(folder, "bin/node"), { dereference: true });
console.log(`${folder}: bin/node bench/gpu.mjs, in there`);
