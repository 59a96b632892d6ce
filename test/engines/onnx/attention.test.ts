import { describe, expect, it } from "vitest";
import type { OpCase } from "../../../src/engines/conformance/case-inputs.ts";
import { prepareCase, relativeError, runOn, TOLERANCE } from "../../../src/engines/conformance/run.ts";
import { onnxEngine } from "../../../src/engines/onnx/onnx.ts";
import { referenceEngine } from "../../../src/engines/reference/reference.ts";

/** Longer than a block of queries, and no multiple of it. */
const [B, S, H, K, d] = [2, 150, 4, 2, 6];
const attrs = { heads: H, kvHeads: K, causal: true, scale: 0.4 };
const segments = {
  shape: [B, S],
  dtype: "i64" as const,
  fill: Array.from({ length: B * S }, (_, i) => (i < S ? 1 + Math.floor(i / 40) : i < 2 * S - 9 ? 1 : 0)),
};
const normal = (...shape: number[]) => ({ shape });

async function compare(op: "attention" | "attentionGrad", opCase: OpCase): Promise<void> {
  const prepared = await prepareCase(op, opCase as OpCase<typeof op>);
  const expected = await runOn(referenceEngine, prepared);
  const actual = await runOn(onnxEngine, prepared);
  for (const [name, value] of Object.entries(expected.outputs)) {
    expect(actual.outputs[name]!.shape, name).toEqual(value.shape);
    expect(relativeError(actual.outputs[name]!, value), name).toBeLessThanOrEqual(TOLERANCE);
  }
}

describe("attention in blocks of queries", () => {
  it.each([true, false])("forward, causal %s", async (causal) => {
    const inputs = { q: normal(B, S, H * d), k: normal(B, S, K * d), v: normal(B, S, K * d), segments };
    await compare("attention", { name: "long", inputs, attrs: { ...attrs, causal } });
  });

  it.each([true, false])("gradient, causal %s", async (causal) => {
    const [q, kv] = [normal(B, S, H * d), normal(B, S, K * d)];
    const inputs = { dO: q, q, k: kv, v: kv, o: q, lse: normal(B, H, S), segments };
    await compare("attentionGrad", { name: "long", inputs, attrs: { ...attrs, causal } });
  });
});
