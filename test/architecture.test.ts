import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

/** Import order: a folder imports only earlier folders and itself. `program` and `ops` have one place. */
const ORDER = [
  ["errors.ts", "home.ts", "rng.ts", "philox.ts", "cpu.ts", "suggest.ts", "package.ts", "formats"],
  ["task"],
  ["embed"],
  ["tokens"],
  ["data"],
  ["grounding"],
  ["program", "ops"],
  ["model"],
  ["lora"],
  ["loss"],
  ["kinds"],
  ["optim"],
  ["engines"],
  ["encoder"],
  ["train"],
  ["export"],
  ["evaluate"],
  ["drift"],
  ["report"],
  ["workflow"],
  ["page"],
  ["cli"],
  ["cli.ts", "index.ts"],
];

const root = fileURLToPath(new URL("..", import.meta.url));
const structure = JSON.parse(
  execFileSync(process.execPath, ["bench/structure.mjs", ".", "--list"], { cwd: root, encoding: "utf8" }),
);
const src = fileURLToPath(new URL("../src", import.meta.url));
const files = (readdirSync(src, { recursive: true }) as string[])
  .filter((name) => name.endsWith(".ts"))
  .sort();
const textOf = (file: string): string => readFileSync(join(src, file), "utf8");
const placeOf = (file: string): number => ORDER.findIndex((names) => names.includes(file.split("/")[0]!));

/** Static and dynamic imports, and re-exports. */
function importsOf(file: string): string[] {
  return [...textOf(file).matchAll(/(?:from|import\()\s*"([^"]+)"/g)].map((match) => match[1]!);
}

test("every file has a place in the order, and imports only from earlier places", () => {
  const wrong = files.flatMap((file) => {
    if (placeOf(file) < 0) return [`${file} has no place`];
    return importsOf(file)
      .filter((target) => target.startsWith("."))
      .map((target) => relative(src, resolve(src, dirname(file), target)))
      .filter((target) => placeOf(target) > placeOf(file) || placeOf(target) < 0)
      .map((target) => `${file} imports ${target}`);
  });
  expect(wrong).toEqual([]);
});

test("only the command line writes to the terminal, ends the process or reads its arguments", () => {
  const effects = /\bconsole\.|\bprocess\.(stdout|stderr|stdin|exit|exitCode|argv|on)\b/;
  const offenders = files.filter((file) => !/^cli(\/|\.ts$)/.test(file) && effects.test(textOf(file)));
  expect(offenders).toEqual([]);
});

test("each native or heavy package is loaded in its own place only", () => {
  const places: Record<string, RegExp> = {
    "onnxruntime-node": /^(engines\/(onnx|webgpu)|export)\//,
    koffi: /^engines\/(cuda|webgpu)\//,
    "@huggingface/jinja": /^tokens\//,
    commander: /^cli\//,
  };
  const strays = files.flatMap((file) =>
    importsOf(file)
      .filter((name) =>
        Object.keys(places).some((pack) => name.startsWith(pack) && !places[pack]!.test(file)),
      )
      .map((name) => `${file} imports ${name}`),
  );
  expect(strays).toEqual([]);
});

test("src/README.md names every folder and nothing that is gone", () => {
  const map = textOf("README.md");
  const folders = (readdirSync(src, { recursive: true }) as string[]).filter((name) =>
    statSync(join(src, name)).isDirectory(),
  );
  const named = new Set([...map.matchAll(/`([a-z/-]+)\/`/g)].map((match) => match[1]!));
  expect([...named].sort()).toEqual(folders.sort());
});

const { circles, against, words } = structure;

test("no import circles, type imports included, and no import against the order of the folders", () => {
  expect(circles).toEqual([]);
  expect(against).toEqual([]);
});

test("comments, pages and messages use plain technical English", () => {
  expect(words).toEqual([]);
});

test("a folder has at most 20 source files", () => {
  const counts = new Map<string, number>();
  for (const file of files) counts.set(dirname(file), (counts.get(dirname(file)) ?? 0) + 1);
  expect([...counts].filter(([, count]) => count > 20)).toEqual([]);
});

test("a file of under 25 lines has several users, a test among them, or is one of at least five modules of a table", () => {
  const users = new Map<string, string[]>();
  const tests = (readdirSync(join(root, "test"), { recursive: true }) as string[])
    .filter((name) => name.endsWith(".ts") && !name.includes("node_modules"))
    .map((name) => join("../test", name));
  for (const file of [...files, ...tests]) {
    const targets = importsOf(file).filter((target) => target.startsWith("."));
    for (const target of new Set(targets.map((name) => relative(src, resolve(src, dirname(file), name)))))
      users.set(target, [...(users.get(target) ?? []), file]);
  }
  const inTable = (file: string, user: string): boolean =>
    files.filter((other) => dirname(other) === dirname(file) && users.get(other)?.includes(user)).length >= 5;
  const alone = files.filter((file) => {
    const [user, ...others] = users.get(file) ?? [];
    const short = textOf(file).split("\n").length <= 25;
    return short && user !== undefined && others.length === 0 && !inTable(file, user);
  });
  expect(alone).toEqual([]);
});
