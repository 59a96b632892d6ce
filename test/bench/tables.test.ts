import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const root = fileURLToPath(new URL("../..", import.meta.url));
interface Needs {
  readonly registers: number;
  readonly threads: number;
  readonly shared: number;
}
const { occupancy } = (await import(new URL("../../bench/occupancy.mjs", import.meta.url).href)) as {
  occupancy(arch: string, needs: Needs): { blocks: number; share: number };
};

test("the table of kernels has their launch configuration", () => {
  const page = readFileSync(new URL("../../bench/KERNELS.md", import.meta.url), "utf8");
  expect(page).toMatch(/^\| adamw \| 256 \| 0 \| 0 \|/m);
  expect(page).toMatch(/^\| gemm_nt_128x128 \| 128 \| 65536 \| 0 \|/m);
});

test.each([
  ["ROOFLINE.md", "roofline.mjs"],
  ["KERNELS.md", "kernels.mjs"],
])(
  "bench/%s equals the output of bench/%s",
  (page, script) => {
    const made = execFileSync(process.execPath, [`bench/${script}`, "--print"], {
      cwd: root,
      encoding: "utf8",
    });
    expect(readFileSync(new URL(`../../bench/${page}`, import.meta.url), "utf8")).toBe(made);
  },
  60_000,
);

test("resident blocks follow NVIDIA's occupancy rules (occupancy.cpp makes the values)", () => {
  const expected = JSON.parse(readFileSync(new URL("occupancy.json", import.meta.url), "utf8")) as (Needs & {
    arch: string;
    blocks: number;
  })[];
  expect(expected).toHaveLength(75);
  for (const { arch, blocks, ...needs } of expected) {
    expect({ arch, ...needs, blocks: occupancy(arch, needs).blocks }).toEqual({ arch, ...needs, blocks });
  }
  // 2 blocks of 128 threads out of 2,048
  expect(occupancy("sm_90", { registers: 231, threads: 128, shared: 65_536 }).share).toBe(0.125);
});
