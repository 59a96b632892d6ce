import { describe, expect, it } from "vitest";
import { CASES, type OpCase } from "../../src/engines/conformance/cases.ts";
import { prepareCase, relativeError, runOn, TOLERANCE } from "../../src/engines/conformance/run.ts";
import type { Engine } from "../../src/engines/engine.ts";
import { referenceEngine } from "../../src/engines/reference/reference.ts";
import type { OpName } from "../../src/ops/attrs.ts";

/** Every case of every operation, and the shapes of the outputs. */
export function describeConformance(engine: Engine): void {
  describe.each(Object.keys(CASES) as OpName[])("%s", (op) => {
    it.each((CASES[op] as readonly OpCase[]).map((opCase) => [opCase.name, opCase] as const))(
      "%s",
      async (_, opCase) => {
        const prepared = await prepareCase(op, opCase);
        const expected = await runOn(referenceEngine, prepared);
        const actual = await runOn(engine, prepared);
        for (const [name, value] of Object.entries(expected.outputs)) {
          expect(actual.outputs[name]!.shape, name).toEqual(value.shape);
          expect(relativeError(actual.outputs[name]!, value), name).toBeLessThanOrEqual(TOLERANCE);
        }
      },
    );
  });
}
