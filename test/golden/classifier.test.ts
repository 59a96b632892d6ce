import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { onnxEngine } from "../../src/engines/onnx/onnx.ts";
import { openClassifier } from "../../src/export/classifier.ts";
import { exportModel } from "../../src/export/export.ts";
import { copyPeft } from "../../src/export/peft.ts";
import { openModel } from "../../src/model/open.ts";
import { expectClose } from "../expect-close.ts";

const scratch = mkdtempSync(join(tmpdir(), "lorafit-classifier-"));
afterAll(() => rmSync(scratch, { recursive: true }));

const root = join(import.meta.dirname, "classifier");
const base = openModel(join(import.meta.dirname, "../../models/lorafit-base-5m"), { cacheDir: scratch });
const adapter = join(root, "adapter");
interface Expected {
  readonly text: string;
  readonly ids: number[];
  readonly logits: number[];
}

test("an exported classifier has the logits that transformers + PEFT compute from the same folder (classifier.py)", async () => {
  const rows: Expected[] = JSON.parse(readFileSync(join(root, "expected.json"), "utf8"));
  const out = join(scratch, "onnx");
  await exportModel({ base, adapter, format: "onnx", out, engine: onnxEngine });
  const model = await openClassifier(out);
  expect(model.labels).toEqual(["refund", "exchange", "Größe, „fit“"]);
  expect(rows.map(({ text }) => model.tokenizer.encodeWhole(text))).toEqual(rows.map(({ ids }) => ids));
  // Of unequal length, in one padded batch. float32 against float64.
  const logits = await model.classify(rows.map(({ ids }) => ids));
  for (const [i, row] of rows.entries()) expectClose(logits[i]!, row.logits, 1e-5, row.text);
  await model.close();
});

test("the folder goes through lorafit's reader and writer bit for bit", () => {
  const out = join(scratch, "peft");
  copyPeft(adapter, out, base);
  for (const file of ["adapter_config.json", "adapter_model.safetensors"])
    expect(readFileSync(join(out, file)).equals(readFileSync(join(adapter, file)))).toBe(true);
});

test("a head is no LoRA factor that a graph could take as input", async () => {
  const out = join(scratch, "swap");
  const swap = exportModel({ base, adapter, format: "onnx-adapter", out, engine: onnxEngine });
  await expect(swap).rejects.toThrow("the adapter classifies");
});
