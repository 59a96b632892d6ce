import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { firstMatch } from "../../src/lora/pattern.ts";
import { isTargeted, readPeftConfig } from "../../src/lora/peft-config.ts";

/** Made by golden/targets.py with PEFT. */
const golden = JSON.parse(readFileSync(new URL("golden/targets.json", import.meta.url), "utf8")) as {
  modules: string[];
  configs: { config: Record<string, unknown>; adapted: string[] }[];
  patterns: { patterns: string[]; keys: (string | null)[] }[];
};
const scratch = mkdtempSync(join(tmpdir(), "lorafit-targets-"));
afterAll(() => rmSync(scratch, { recursive: true }));

describe("adapter configs mean what PEFT takes them to mean", () => {
  it.each(golden.configs)("$config", ({ config, adapted }) => {
    const file = join(scratch, "adapter_config.json");
    writeFileSync(file, JSON.stringify({ peft_type: "LORA", ...config }));
    const parsed = readPeftConfig(file);
    const results = golden.modules.map((module) => isTargeted(parsed, module));
    // Look-around cannot be run in linear time; then the tensors in the file alone decide.
    const runs = !/\(\?(?:!|<?=)/.test(String(config["target_modules"]));
    const expected = golden.modules.map((module) => (runs ? adapted.includes(module) : undefined));
    expect(results).toEqual(expected);
  });

  it.each(golden.patterns)("rank and alpha patterns $patterns", ({ patterns, keys }) => {
    const indices = Object.fromEntries(patterns.map((pattern, i) => [pattern, i]));
    expect(golden.modules.map((module) => firstMatch(indices, module))).toEqual(
      keys.map((key) => (key === null ? undefined : indices[key])),
    );
  });
});
