import { afterEach, describe, expect, it, vi } from "vitest";
import { loadNativeTf, probeNativeTf } from "../../../src/engines/tfjs/native.ts";
import { nodeBackend } from "../../../src/engines/tfjs/node-binding.ts";
import { probePackage } from "../../../src/engines/tfjs/probe.ts";
import { nativeTfjsEngine } from "../../../src/engines/tfjs/tfjs.ts";
import { describeGoldens } from "../../golden/peft.ts";
import { describeConformance } from "../../ops/conformance.ts";
import { describePrograms } from "../programs.ts";
import { describeSession } from "./session.ts";

const probe = await probeNativeTf();
const reason = probe.usable ? "" : ` (skipped: ${probe.reason})`;
const engine = await nativeTfjsEngine();
const noBf16 = engine.withheld?.bf16;

const backend = probe.usable ? nodeBackend(await loadNativeTf()) : undefined;

describe.skipIf(!probe.usable)(`native tfjs${reason}`, () => {
  describe("against reference", () => describeConformance(engine));
  describe("session", () => describeSession(engine, () => backend!.binding.getNumOfTensors(), 1000));
  describe("whole training Programs", () => describePrograms(engine));
  // float32, as in test/golden/peft.test.ts.
  describe("against PyTorch + PEFT", () => describeGoldens(engine, 1e-4));

  const skipped = noBf16 === undefined ? "" : ` (skipped: ${noBf16})`;
  describe.skipIf(noBf16 !== undefined)(`in bf16${skipped}`, () => {
    describe("whole training Programs against the rounded reference", () => describePrograms(engine, "bf16"));
    // Conformance covers the precisions that the engine offers: bf16 must be among them here.
    it("conformance includes bf16", () => expect(engine.precisions).toContain("bf16"));
  });
});

/** Settings under which TensorFlow's CPU kernels compute as on a smaller CPU; what each of them must lead to. */
const SMALLER_CPUS = [
  {
    name: "Eigen's kernels, as on CPUs without AVX-512",
    env: { TF_ENABLE_ONEDNN_OPTS: "0" },
    bf16: /^TensorFlow does not sum bf16 products in float32 on this CPU \(\d+ of \d+ entries/,
  },
  {
    name: "oneDNN limited to AVX2",
    env: { ONEDNN_MAX_CPU_ISA: "AVX2" },
    bf16: /^TensorFlow (cannot multiply in bf16|does not sum bf16 products in float32) on this CPU/,
  },
];

describe.skipIf(!probe.usable || probe.gpu)(`precisions on a smaller CPU${reason}`, () => {
  afterEach(() => void vi.unstubAllEnvs());
  it.each(SMALLER_CPUS)("$name: float32 is offered, bf16 withheld with its reason", async ({ env, bf16 }) => {
    for (const [key, value] of Object.entries(env)) vi.stubEnv(key, value);
    const smaller = await probePackage(probe.usable ? probe.folder : "");
    expect(smaller).toMatchObject({ usable: true, withheld: { bf16: expect.stringMatching(bf16) } });
    expect(smaller.usable && smaller.withheld).not.toHaveProperty("float32");
  });
});
