import { describe, expect, it } from "vitest";
import { batchFromLabels } from "../../src/data/batch.ts";

const numbers = (array: BigInt64Array) => [...array].map(Number);

describe("a batch from unshifted labels", () => {
  it("a hand-worked packed row: the shift, the first token of a document, padding", () => {
    const batch = batchFromLabels({
      input_ids: [[5, 6, 7, 8, 9, 0]],
      labels: [[5, -100, 7, 8, 9, 9]],
      segments: [[1, 1, 1, 2, 2, 0]],
    });
    // labels[0] has no predecessor; 8 begins document 2; the last 9 is padding.
    expect(numbers(batch.labelled).slice(0, 2)).toEqual([1, 3]);
    expect(numbers(batch.targets).slice(0, 2)).toEqual([7, 9]);
    expect(batch.count).toBe(2);
    expect(batch.tokens).toBe(5);
    expect(numbers(batch.positions)).toEqual([0, 1, 2, 0, 1, 0]);
    expect(batch.labelled.length).toBe(32);
    expect([...batch.lossWeights].reduce((a, b) => a + b)).toBe(2);
  });

  it("without segments a row is one document; a row without labels counts nothing", () => {
    const batch = batchFromLabels({
      input_ids: [
        [5, 6, 0],
        [7, 8, 9],
      ],
      labels: [
        [-100, 6, -100],
        [-100, -100, -100],
      ],
    });
    expect(numbers(batch.segments)).toEqual([1, 1, 1, 1, 1, 1]);
    expect(numbers(batch.positions)).toEqual([0, 1, 2, 0, 1, 2]);
    expect([batch.count, batch.batch, batch.sequence]).toEqual([1, 2, 3]);
  });

  it.each([
    [{ input_ids: [[1, 2], [3]], labels: [[1, 2], [3]] }, "row 1"],
    [{ input_ids: [[1, 2]], labels: [[1]] }, "1 labels"],
    [{ input_ids: [[1, 2]], labels: [[1, 400]] }, "400 is no token"],
    [{ input_ids: [[1, -2]], labels: [[1, 2]] }, "input_ids.0.1"],
    [{ input_ids: [[1, 2, 3]], labels: [[1, 2, 3]], segments: [[1, 2, 1]] }, "contiguous"],
    [{ input_ids: [[1]], labels: [[1]], label: [] }, "label"],
    [{ input_ids: [], labels: [] }, "input_ids"],
  ])("refuses %j", (value, message) => {
    expect(() => batchFromLabels(value, { vocabSize: 320 })).toThrow(message);
  });
});
