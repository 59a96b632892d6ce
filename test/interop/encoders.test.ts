import { execFile } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, expect, it } from "vitest";
import type { HostTensor } from "../../src/engines/engine.ts";
import { onnxEngine } from "../../src/engines/onnx/onnx.ts";
import { exportModel } from "../../src/export/export.ts";
import { adapterOn } from "../../src/lora/adapter.ts";
import { readPeft } from "../../src/lora/peft.ts";
import { openModel } from "../../src/model/open.ts";
import type { WeightSource } from "../../src/model/weights.ts";
import { logitsProgram } from "../../src/train/programs.ts";
import { expectClose } from "../expect-close.ts";

const scratch = mkdtempSync(join(tmpdir(), "lorafit-encoders-"));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));
const consumer = join(import.meta.dirname, "huggingface");
const installed = existsSync(join(consumer, "node_modules"));

/** Two texts of token ids, the second padded on the right. */
const IDS = [
  [5, 17, 30, 8, 21, 40, 3, 11, 12],
  [9, 4, 33, 6, 7],
];

it.each(["bert", "modernbert"])(
  "%s with an adapter: hidden states in onnxruntime and @huggingface/transformers are the training engine's",
  async (name) => {
    const root = join(import.meta.dirname, "../golden", name);
    const model = openModel(join(root, "model"), { cacheDir: scratch });
    // The random model's vocabulary is smaller than any tokenizer's, so its tokenizer is a single word.
    const tokenizerJson = {
      version: "1.0",
      added_tokens: [],
      normalizer: null,
      pre_tokenizer: { type: "Whitespace" },
      post_processor: null,
      decoder: null,
      model: { type: "WordLevel", vocab: { a: 3, b: 4, "?": 5 }, unk_token: "?" },
    };
    const tokenizerConfig = { tokenizer_class: "PreTrainedTokenizerFast" };
    const base: WeightSource = { ...model, tokenizerFiles: () => ({ tokenizerJson, tokenizerConfig }) };
    const peft = join(root, "all/adapter");
    for (const format of ["onnx", "onnx-adapter"]) {
      const out = join(scratch, `${name}-${format}`);
      const report = await exportModel({ base, adapter: peft, format, out, engine: onnxEngine });
      expect(report.hidden_states!.max_hidden_difference).toBeLessThan(1e-5);
    }
    if (!installed) return;
    const width = IDS[0]!.length;
    const request = join(scratch, `${name}.json`);
    writeFileSync(request, JSON.stringify({ ids: IDS, width }));
    const run = await promisify(execFile)("node", ["encode.mjs", join(scratch, `${name}-onnx`), request], {
      cwd: consumer,
    });
    const found = JSON.parse(run.stdout) as number[][];
    const { layout, flat } = adapterOn(model.config, readPeft(peft), name);
    const session = await onnxEngine.open(model);
    await session.writeState({ parameters: { shape: [flat.length], data: flat } });
    for (const [row, ids] of IDS.entries()) {
      const feed = (of: (t: number) => number): HostTensor => ({
        shape: [1, ids.length],
        data: BigInt64Array.from(ids, (_, t) => BigInt(of(t))),
      });
      const program = await session.compile(logitsProgram(model.config, layout, 1, ids.length));
      const { outputs } = await program.run({
        input_ids: feed((t) => ids[t]!),
        positions: feed((t) => t),
        segments: feed(() => 1),
        token_types: feed(() => 0),
      });
      const expected = outputs["last_hidden_state"]!.data as Float32Array;
      expectClose(found[row]!.slice(0, expected.length), expected, 1e-5, `row ${row}`);
    }
    await session.close();
  },
);
