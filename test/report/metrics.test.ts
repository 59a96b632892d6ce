import { expect, test } from "vitest";
import { trainingPoints } from "../../src/report/metrics.ts";

test("points by step: validation joins its step, a step taken again replaces the first, other rows are no points", () => {
  const end = (step: number, loss: number) => ({
    event: "step-end",
    step,
    loss,
    gradient_norm: loss / 10,
    learning_rate: 0.001,
    accuracy: 0.5,
  });
  const rows = [
    { event: "validation-end", step: 0, loss: 4 },
    end(1, 3),
    end(2, 2.5),
    { event: "validation-end", step: 2, loss: 2.7 },
    { event: "checkpoint-written", step: 2, path: "checkpoints/step-2" },
    end(2, 2.4),
  ];
  const text = `${rows.map((row) => JSON.stringify(row)).join("\n")}\n{"event":"step-end","st`;
  expect(trainingPoints(text)).toEqual([
    { step: 0, valid_loss: 4 },
    { step: 1, train_loss: 3, gradient_norm: 0.3, learning_rate: 0.001 },
    { step: 2, train_loss: 2.4, valid_loss: 2.7, gradient_norm: 0.24, learning_rate: 0.001 },
  ]);
});
