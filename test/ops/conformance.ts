import { describe, expect, it } from "vitest";
import { referenceFor } from "../../src/engines/conformance/rounded.ts";
import {
  casesFor,
  prepareCase,
  relativeError,
  runOn,
  toleranceOf,
} from "../../src/engines/conformance/run.ts";
import type { Engine } from "../../src/engines/engine.ts";

/** Every case of every operation in every precision that the engine has, including the shapes of the outputs. */
export function describeConformance(engine: Engine): void {
  describe.each(engine.precisions)("%s", (precision) => {
    const cases = casesFor(engine, precision).map(([op, opCase]) => ({ op, opCase, name: opCase.name }));
    it.each(cases)("$op: $name", async ({ op, opCase }) => {
      const prepared = await prepareCase(op, opCase, precision);
      const expected = await runOn(referenceFor(engine), prepared);
      const actual = await runOn(engine, prepared);
      for (const [name, value] of Object.entries(expected.outputs)) {
        expect(actual.outputs[name]!.shape, name).toEqual(value.shape);
        expect(relativeError(actual.outputs[name]!, value), name).toBeLessThanOrEqual(
          toleranceOf(engine, opCase),
        );
      }
    });
  });
}
