// node bench/structure.mjs [TREE] [--list]   prints counts of the structure of src/ as JSON (with --list: the names found): files, lines, lowering, import circles, imports
// against the order of src/README.md, forbidden words, and the files that four extensions touch.
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

/** The order of the folders, from the table in src/README.md. */
function backwards() {
  const places = [...read(join(src, "README.md")).matchAll(/^\| (`[^|]+`)/gm)].map(([, cell]) =>
    [...cell.matchAll(/`([^`]+)`/g)].map(([, name]) => name.replace(/\/$/, "")),
  );
  const placeOf = (path) => {
    const name = relative(src, path);
    const top = places.findIndex((names) => names.includes(name));
    if (top >= 0) return top;
    const [folder] = name.split("/");
    return places.findIndex((names) => names.includes(folder));
  };
  // program and ops have one place in the order: an operation's definition builds Programs.
  const one = (path) => relative(src, path).replace(/^ops\//, "program/");
  const inner = files.filter((file) => !/^(cli|index)\.ts$/.test(relative(src, file)));
  return inner.flatMap((file) =>
    importsOf(file)
      .filter((target) => {
        const [from, to] = [one(file), one(target)].map((name) => placeOf(join(src, name)));
        return to > from && relative(src, file).split("/")[0] !== relative(src, target).split("/")[0];
      })
      .map((target) => `${relative(src, file)} -> ${relative(src, target)}`),
  );
}

const WORDS =
  /\b(lies|stands|stood|whoever|goalposts?|whence|hitherto|whereof|thereof|all the same|gives? back|reads on|in its stead)\b/gi;
const prose = [
  ...files,
  ...under(join(tree, "docs"), /\.md$/),
  join(src, "README.md"),
  join(tree, "README.md"),
];
const words = prose.flatMap((path) =>
  [...read(path).matchAll(WORDS)].map(([word]) => `${relative(tree, path)}: ${word}`),
);

// Lowerings of operations for library engines; their frameworks (lowerer, builders) are counted in `lines`.
const lowering = files.filter((path) =>
  /^engines\/(((onnx|tfjs|library)\/ops\/)|(onnx|tfjs)\/overrides\.ts$)/.test(relative(src, path)),
);

/** Files of src/ that four extensions touch, new ones included, before (2026-11-24) and now; tests and goldens come on top. */
const EXTENSIONS = {
  "family GPT-2": {
    before:
      "model/config model/llama model/expected model/gguf model/gguf-tokenizer model/huggingface model/random lora/layout lora/peft train/adapter train/programs loss/token-loss export/config-json export/onnx export/batch",
    now: "model/families/gpt2 model/families/index",
  },
  "variant DoRA": {
    before:
      "lora/config lora/layout lora/inject lora/flat lora/peft train/initial train/settings optim/adamw export/merge export/factor-inputs export/decoder export/verify workflow/repair workflow/repair-trials task/settings",
    now: "lora/variants/dora lora/variants/index train/settings task/settings",
  },
  "kind classify": {
    before:
      "task/schema task/load task/templates cli/init data/rows data/encode data/batch loss/class-loss train/programs train/feeds train/plan train/prepare lora/layout lora/peft evaluate/cases evaluate/scorers evaluate/answer report/html",
    now: "task/schema kinds/index kinds/classify/classify kinds/classify/rows evaluate/cases/kinds/index evaluate/cases/kinds/label",
  },
  "an operation": {
    before:
      "ops/attrs ops/NAME ops/index engines/conformance/cases engines/reference/ops/NAME engines/reference/reference engines/onnx/ops/NAME engines/onnx/ops/index engines/tfjs/ops/NAME engines/tfjs/ops/index engines/cuda/ops/NAME engines/cuda/ops/index program/precision onnx/lower tfjs/lower cuda/lower",
    now: "ops/attrs ops/signatures ops/NAME ops/index engines/conformance/cases engines/reference/ops/NAME engines/library/ops/NAME engines/library/ops/index engines/cuda/ops/index",
  },
};
const touched = Object.fromEntries(
  Object.entries(EXTENSIONS).map(([name, { before, now }]) => [
    name,
    { before: before.split(" ").length, now: now.split(" ").length },
  ]),
);
const found = circles();
const against = backwards();
const counts = {
  files: files.length,
  lines: sum(files),
  lowering: { files: lowering.length, lines: sum(lowering) },
  circles: found.length,
  filesInCircles: found.flat().length,
  against: against.length,
  words: words.length,
  touched,
};
const list = { circles: found, against, words };
console.log(JSON.stringify(process.argv.includes("--list") ? list : counts, null, 2));
