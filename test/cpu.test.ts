import { cpus } from "node:os";
import { afterEach, expect, test, vi } from "vitest";
import { cpuIdentity } from "../src/cpu.ts";

afterEach(() => void vi.unstubAllEnvs());

test("the CPU is named, with a restriction of its instruction sets only where the caller knows it", () => {
  expect(cpuIdentity()).toContain(cpus()[0]!.model.trim());
  vi.stubEnv("ONEDNN_MAX_CPU_ISA", "AVX2");
  expect(cpuIdentity()).not.toContain("ONEDNN");
  expect(cpuIdentity(["ONEDNN_MAX_CPU_ISA", "TF_ENABLE_ONEDNN_OPTS"])).toBe(
    `${cpuIdentity()}, ONEDNN_MAX_CPU_ISA=AVX2`,
  );
});

test.skipIf(process.platform !== "linux" || process.arch !== "x64")(
  "on Linux the instruction sets that libraries choose kernels by are part of the identity",
  () => {
    expect(cpuIdentity()).toMatch(/, family \d+ model \d+, /);
    expect(cpuIdentity()).toMatch(/\bsse4_1\b/);
  },
);
