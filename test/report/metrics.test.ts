import { expect, test } from "vitest";
import { lossPoints } from "../../src/report/metrics.ts";

test("losses by step: validation joins its step, a step taken again replaces the first, other rows are no losses", () => {
  const rows = [
    { event: "validation-end", step: 0, loss: 4 },
    { event: "step-end", step: 1, loss: 3 },
    { event: "step-end", step: 2, loss: 2.5 },
    { event: "validation-end", step: 2, loss: 2.7 },
    { event: "checkpoint-written", step: 2, path: "checkpoints/step-2" },
    { event: "step-end", step: 2, loss: 2.4 },
  ];
  const text = `${rows.map((row) => JSON.stringify(row)).join("\n")}\n{"event":"step-end","st`;
  expect(lossPoints(text)).toEqual([
    { step: 0, valid_loss: 4 },
    { step: 1, train_loss: 3 },
    { step: 2, train_loss: 2.4, valid_loss: 2.7 },
  ]);
});
