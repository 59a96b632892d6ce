import { readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

/** The road: a folder imports only what stands before it, and its own. `program` and `ops` are one station. */
const ROAD = [
  ["errors.ts", "home.ts", "rng.ts", "philox.ts", "cpu.ts", "suggest.ts", "package.ts", "formats"],
  ["task"],
  ["embed"],
  ["tokens"],
  ["data"],
  ["program", "ops"],
  ["model"],
  ["lora"],
  ["loss"],
  ["optim"],
  ["engines"],
  ["encoder"],
  ["train"],
  ["export"],
  ["evaluate"],
  ["drift"],
  ["report"],
  ["workflow"],
  ["cli"],
  ["cli.ts", "index.ts"],
];

const src = fileURLToPath(new URL("../src", import.meta.url));
const files = (readdirSync(src, { recursive: true }) as string[])
  .filter((name) => name.endsWith(".ts"))
  .sort();
const textOf = (file: string): string => readFileSync(join(src, file), "utf8");
const stationOf = (file: string): number => ROAD.findIndex((names) => names.includes(file.split("/")[0]!));

/** Static and dynamic imports, and re-exports. */
function importsOf(file: string): string[] {
  return [...textOf(file).matchAll(/(?:from|import\()\s*"([^"]+)"/g)].map((match) => match[1]!);
}

test("every file stands on the road, and imports only what stands before it", () => {
  const wrong = files.flatMap((file) => {
    if (stationOf(file) < 0) return [`${file} has no place`];
    return importsOf(file)
      .filter((target) => target.startsWith("."))
      .map((target) => relative(src, resolve(src, dirname(file), target)))
      .filter((target) => stationOf(target) > stationOf(file) || stationOf(target) < 0)
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
    "onnxruntime-node": /^(engines\/onnx|export)\//,
    koffi: /^engines\/cuda\//,
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

test("no file is longer than 300 lines, and half of them are shorter than 120", () => {
  const lengths = files.map((file) => ({ file, lines: textOf(file).split("\n").length }));
  expect(lengths.filter(({ lines }) => lines > 300)).toEqual([]);
  const sorted = lengths.map(({ lines }) => lines).sort((a, b) => a - b);
  expect(sorted[Math.floor(sorted.length / 2)]).toBeLessThan(120);
});
