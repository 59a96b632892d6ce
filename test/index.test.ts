import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const built = new URL("../dist/index.js", import.meta.url).href;

/** Runs `code` in a fresh Node after importing the built library. @returns its output */
const inNode = (code: string): unknown =>
  JSON.parse(
    execFileSync(
      process.execPath,
      ["--input-type=module", "-e", `const lorafit = await import("${built}");${code}`],
      {
        encoding: "utf8",
        cwd: fileURLToPath(new URL("..", import.meta.url)),
      },
    ),
  );

const NATIVE =
  "console.log(JSON.stringify(process.report.getReport().sharedObjects.filter((file) => /\\.node$|onnxruntime|libvips/.test(file))))";

test("importing the library loads no native part; asking for an engine does", () => {
  expect(inNode(NATIVE)).toEqual([]);
  expect(inNode(`await lorafit.selectEngine("onnx");${NATIVE}`)).not.toEqual([]);
});

test("the public surface is what the README names", () => {
  expect(inNode("console.log(JSON.stringify(Object.keys(lorafit).sort()))")).toEqual([
    "ENGINE_NAMES",
    "EXIT",
    "LorafitError",
    "Project",
    "STAGES",
    "curate",
    "exportModel",
    "gate",
    "ground",
    "loadTask",
    "openExported",
    "openGrounding",
    "openModel",
    "openRun",
    "runPipeline",
    "selectEngine",
    "tfjsEngine",
    "trainRun",
  ]);
});
