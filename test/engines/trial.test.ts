import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { beforeEach, describe, expect, test, vi } from "vitest";
import { onnxEngine } from "../../src/engines/onnx/onnx.ts";
import { type EngineEntry, probeEngine, selectEngine } from "../../src/engines/select.ts";
import { tryEngine } from "../../src/engines/trial/trial.ts";
import { faultOf, runTrial } from "../../src/engines/trial/trust.ts";

const dist = (path: string): string => pathToFileURL(resolve("dist", path)).href;
const folder = mkdtempSync(join(tmpdir(), "lorafit-trial-"));

/**
 * A module whose engine is onnx with one step replaced by `body`, which sees `run`, the feeds and the real step; for the child, which
 * runs the built package.
 */
function injected(name: string, body: string): string {
  const path = join(folder, `${name}.mjs`);
  writeFileSync(
    path,
    `import { onnxEngine } from ${JSON.stringify(dist("engines/onnx/onnx.js"))};
import { tryEngine } from ${JSON.stringify(dist("engines/trial/trial.js"))};
const engine = {
  ...onnxEngine,
  async open(weights, options) {
    const session = await onnxEngine.open(weights, options);
    return {
      readState: (names) => session.readState(names),
      writeState: (state) => session.writeState(state),
      close: () => session.close(),
      async compile(program) {
        const { run } = await session.compile(program);
        return { program, run: async (feeds) => { ${body} } };
      },
    };
  },
};
export const tryNamed = () => tryEngine(engine);
`,
  );
  return pathToFileURL(path).href;
}

describe("a trial in a child process", () => {
  test("passes an engine whose numbers are right", async () => {
    expect(await runTrial("onnx", { module: dist("engines/select.js") })).toBe(null);
  });

  test("names the signal of a crash", async () => {
    const module = injected("crash", `process.kill(process.pid, "SIGSEGV"); await new Promise(() => {});`);
    expect(await runTrial("onnx", { module })).toBe("its trial step ended with SIGSEGV");
  });

  test("ends a hang at the time limit", async () => {
    const module = injected("hang", "for (;;);");
    expect(await runTrial("onnx", { module, limitMs: 3000 })).toBe("its trial step did not end within 3 s");
  });

  test("finds a wrong number", async () => {
    const wrong = `const { outputs, committed } = await run({ ...feeds, loss_weights: { ...feeds.loss_weights,
      data: feeds.loss_weights.data.map((x, i) => (i === 7 ? 2 * x : x)) } }); return { outputs, committed };`;
    expect(await runTrial("onnx", { module: injected("wrong", wrong) })).toMatch(
      /^its loss in float32 is off by 0\.0\d+ of its length, and may be by 0\.0001$/,
    );
  });

  test("gives the error of an engine that fails", async () => {
    const module = injected("fails", `throw new Error("no shader for this");`);
    expect(await runTrial("onnx", { module })).toBe("its trial step failed: no shader for this");
  });
});

test("the trial of onnx in this process passes", async () => {
  expect(await tryEngine(onnxEngine)).toBe(null);
});

describe("the choice of auto", () => {
  beforeEach(() => vi.stubEnv("LORAFIT_HOME", mkdtempSync(join(tmpdir(), "lorafit-home-"))));

  /** A GPU engine as far as the choice is concerned: onnx with a trial that gives `faults`, one after the other. */
  function gpuEntry(identity: string, ...faults: (string | null)[]): EngineEntry & { tried: () => number } {
    let tried = 0;
    return {
      name: "webgpu",
      description: "",
      version: async () => "gpu",
      trialIdentity: async () => identity,
      trial: async () => faults[tried++]!,
      load: async () => onnxEngine,
      tried: () => tried,
    };
  }
  const cpu: EngineEntry = {
    name: "onnx",
    description: "",
    version: async () => "cpu",
    load: async () => onnxEngine,
  };

  test("is a GPU engine that passed, tried once for a device, driver and version", async () => {
    const entry = gpuEntry("card, driver 1", null);
    for (const _ of [1, 2]) expect((await selectEngine("auto", "auto", [entry, cpu])).version).toBe("gpu");
    expect(entry.tried()).toBe(1);
  });

  test("is the next engine where one did not pass; another driver is tried again, and doctor always tries", async () => {
    const fault = "its trial step ended with SIGSEGV";
    const entry = gpuEntry("card, driver 1", fault, fault, null);
    for (const _ of [1, 2]) expect((await selectEngine("auto", "auto", [entry, cpu])).version).toBe("cpu");
    expect(entry.tried()).toBe(1);
    expect((await probeEngine(entry, "again")).passedOver).toBe(fault);
    expect((await selectEngine("auto", "auto", [gpuEntry("card, driver 2", null), cpu])).version).toBe("gpu");
    expect((await probeEngine(entry, "again")).passedOver).toBe(null);
    expect((await selectEngine("auto", "auto", [entry, cpu])).version).toBe("gpu");
    await expect(selectEngine("auto", "auto", [gpuEntry("other", fault)])).rejects.toThrow(fault);
  });

  test("by name, an engine is taken without a trial", async () => {
    const entry = gpuEntry("card, driver 1", "broken");
    expect((await selectEngine("webgpu", "auto", [entry, cpu])).version).toBe("gpu");
    expect(entry.tried()).toBe(0);
  });

  test("goes on where results cannot be kept", async () => {
    vi.stubEnv("LORAFIT_HOME", "/proc/nowhere");
    let runs = 0;
    const run = async (): Promise<null> => {
      runs++;
      return null;
    };
    const trial = { engine: "webgpu", identity: "card", run };
    for (const _ of [1, 2]) expect(await faultOf(trial)).toBe(null);
    expect(runs).toBe(2);
  });
});
