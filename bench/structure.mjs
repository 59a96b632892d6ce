// node bench/structure.mjs [TREE]   counts the structure of src/ as JSON: files, lines, lowering, import circles, imports
// against the order of src/README.md, words that the house does not use, and the files that four extensions touch.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";

const tree = resolve(process.argv[2] ?? ".");
const src = join(tree, "src");
const read = (path) => readFileSync(path, "utf8");
const under = (folder, ending) =>
  existsSync(folder)
    ? readdirSync(folder, { recursive: true })
        .filter((name) => ending.test(name) && !name.includes("node_modules"))
        .map((name) => join(folder, name))
        .sort()
    : [];
const files = under(src, /\.ts$/);
const linesOf = (path) => read(path).split("\n").length - 1;
const sum = (paths) => paths.reduce((total, path) => total + linesOf(path), 0);

/** Imports, type imports and re-exports of a file, within src/. */
const importsOf = (file) =>
  [...read(file).matchAll(/(?:from|import\()\s*"(\.[^"]+)"/g)].map(([, target]) =>
    resolve(dirname(file), target),
  );

/** Strongly connected components of more than one file (Tarjan 1972). */
function circles() {
  const index = new Map();
  const low = new Map();
  const stack = [];
  const found = [];
  const visit = (file) => {
    index.set(file, index.size);
    low.set(file, index.get(file));
    stack.push(file);
    for (const target of importsOf(file)) {
      if (!index.has(target)) visit(target);
      if (stack.includes(target)) low.set(file, Math.min(low.get(file), low.get(target)));
    }
    if (low.get(file) !== index.get(file)) return;
    const component = stack.splice(stack.indexOf(file));
    if (component.length > 1) found.push(component.map((path) => relative(src, path)).sort());
  };
  for (const file of files) if (!index.has(file)) visit(file);
  return found.sort();
}

/** The order of the stations, from the table in src/README.md. */
function backwards() {
  const stations = [...read(join(src, "README.md")).matchAll(/^\| (`[^|]+`)/gm)].map(([, cell]) =>
    [...cell.matchAll(/`([^`]+)`/g)].map(([, name]) => name.replace(/\/$/, "")),
  );
  const stationOf = (path) => {
    const name = relative(src, path);
    const top = stations.findIndex((names) => names.includes(name));
    if (top >= 0) return top;
    const [folder] = name.split("/");
    return stations.findIndex((names) => names.includes(folder));
  };
  // program and ops are one station: an operation's definition builds Programs.
  const one = (path) => relative(src, path).replace(/^ops\//, "program/");
  return files.flatMap((file) =>
    importsOf(file)
      .filter((target) => !/^(cli|index)\.ts$/.test(relative(src, file)))
      .filter((target) => {
        const [from, to] = [one(file), one(target)].map((name) => stationOf(join(src, name)));
        return to > from && relative(src, file).split("/")[0] !== relative(src, target).split("/")[0];
      })
      .map((target) => `${relative(src, file)} -> ${relative(src, target)}`),
  );
}

const WORDS = /\b(lies|stands|whoever)\b/gi;
const prose = [
  ...files,
  ...under(join(tree, "docs"), /\.md$/),
  join(src, "README.md"),
  join(tree, "README.md"),
];
const words = prose.flatMap((path) =>
  [...read(path).matchAll(WORDS)].map(([word]) => `${relative(tree, path)}: ${word}`),
);

const lowering = files.filter(
  (path) =>
    /src\/engines\/(onnx|tfjs|library|lowering)\/(ops|lowerings)?/.test(path) &&
    /\/(ops|lowerings|library|lowering)\//.test(path),
);
const found = circles();
const against = backwards();
console.log(
  JSON.stringify(
    {
      files: files.length,
      lines: sum(files),
      lowering: { files: lowering.length, lines: sum(lowering) },
      circles: found.length,
      filesInCircles: found.flat().length,
      against: against.length,
      words: words.length,
    },
    null,
    2,
  ),
);
if (process.argv.includes("--list")) console.log({ circles: found, against, words });
