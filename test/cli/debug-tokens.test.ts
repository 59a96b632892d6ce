import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const path = (name: string): string => fileURLToPath(new URL(`../../${name}`, import.meta.url));

test("debug tokens reads the lines that training reads, and names the others with their number", () => {
  const lines = [
    '{"text": "ok"}',
    '{"text": "caf\xe9"}',
    '{"text": "a", "text": "b"}',
    '{"messages": [{"role": "user", "content": "a"}], "context": "b"}',
  ];
  const { status, stdout } = spawnSync(
    process.execPath,
    [path("dist/cli.js"), "debug", "tokens", "--model", path("models/lorafit-base-5m")],
    { input: Buffer.from(lines.join("\n"), "latin1"), encoding: "utf8" },
  );
  expect(status).toBe(3);
  expect(
    stdout
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line)),
  ).toEqual([
    { ids: expect.any(Array) },
    { error: expect.stringMatching(/^line 2: is not UTF-8 but looks like Windows-1252/) },
    { error: 'line 3: has the key "text" twice in one object' },
    { error: expect.stringMatching(/^line 4: has both messages and context/) },
  ]);
});
