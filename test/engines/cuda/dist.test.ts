import { readdirSync, readFileSync, statSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { gunzipSync } from "node:zlib";
import { expect, test } from "vitest";

const dist = fileURLToPath(new URL("../../../kernels/dist/", import.meta.url));
const { sourcesSha256 } = (await import(new URL("../../../kernels/sources.mjs", import.meta.url).href)) as {
  sourcesSha256(): string;
};

interface Resources {
  readonly registers: number;
  readonly spill_bytes: number;
  readonly shared_bytes: number;
}
const manifest = JSON.parse(readFileSync(`${dist}manifest.json`, "utf8")) as {
  readonly sources: string;
  readonly kernels: Readonly<Record<string, Readonly<Record<string, Resources>>>>;
};

test("the built kernels are those of the sources (node kernels/build.mjs device builds them)", () => {
  expect(manifest.sources).toBe(sourcesSha256());
});

test("every kernel of the sources is built for every architecture, and none spills registers", () => {
  const folder = fileURLToPath(new URL("../../../kernels/", import.meta.url));
  const text = readdirSync(folder)
    .filter((name) => name.endsWith(".cu"))
    .map((name) => readFileSync(folder + name, "utf8"))
    .join("");
  const named = [...text.matchAll(/^KERNEL\((\w+)\)/gm)].map(([, name]) => name!);
  expect(Object.keys(manifest.kernels)).toEqual(expect.arrayContaining(named));
  for (const [kernel, targets] of Object.entries(manifest.kernels)) {
    expect(Object.keys(targets).sort(), kernel).toEqual(["sm_120", "sm_80", "sm_86", "sm_89", "sm_90"]);
    for (const [target, { registers, spill_bytes }] of Object.entries(targets)) {
      expect({ kernel, target, spill_bytes, fits: registers <= 255 }).toEqual({
        kernel,
        target,
        spill_bytes: 0,
        fits: true,
      });
    }
  }
});

test("the PTX is of a version that old drivers take, and all is small", () => {
  const ptx = gunzipSync(readFileSync(`${dist}kernels.ptx.gz`)).toString();
  expect(ptx).toMatch(/^\.version 7\.4$/m);
  expect(ptx).toMatch(/^\.target sm_80$/m);
  const bytes = readdirSync(dist).reduce((sum, name) => sum + statSync(dist + name).size, 0);
  expect(bytes).toBeLessThan(3 * 2 ** 20);
});
