import { describe, expect, it } from "vitest";
import type { Batch } from "../../src/data/batch.ts";
import type { EncodedRow } from "../../src/data/encode.ts";
import { type PlanOptions, planBatches } from "../../src/data/plan.ts";
import { splitByGroup } from "../../src/data/split.ts";
import { createRng } from "../../src/rng.ts";

/** Rows of 10 to 90 tokens whose second half is trained on; the first id tells the row. */
function rowsOf(count: number, seed = 1): EncodedRow[] {
  const rng = createRng(seed);
  return Array.from({ length: count }, (_, n) => {
    const length = 10 + rng.int(81);
    const ids = Array.from({ length }, (_, t) => (t === 0 ? 1000 + n : t));
    const targets = ids.map((_, t) => (t + 1 < length / 2 ? -100 : (ids[t + 1] ?? -100)));
    const supervised = targets.filter((target) => target !== -100).length;
    return {
      id: `row${n}`,
      group: `g${n % 40}`,
      where: `x:${n}`,
      shape: "messages",
      ids,
      targets,
      supervised,
      weight: 1,
      truncated: 0,
    };
  });
}

const options: PlanOptions = {
  seed: 7,
  length: { epochs: 2 },
  packing: true,
  sequenceLength: 128,
  tokensPerStep: 1024,
  microBatchTokens: 512,
};
const rowsIn = (batches: readonly Batch[]) => batches.flatMap((batch) => batch.rows);

describe.each([true, false])("a plan with packing %s", (packing) => {
  const rows = rowsOf(150);
  const plan = planBatches(rows, { ...options, packing });
  const epoch = (n: number) =>
    Array.from({ length: plan.stepsPerEpoch }, (_, s) => plan.step(n * plan.stepsPerEpoch + s));

  it("shows every row once an epoch, with all its tokens and targets", () => {
    for (const n of [0, 1]) {
      const batches = epoch(n).flat();
      expect(rowsIn(batches).sort()).toEqual(rows.map((row) => row.id).sort());
      expect(batches.reduce((sum, b) => sum + b.count, 0)).toBe(
        rows.reduce((sum, r) => sum + r.supervised, 0),
      );
      expect(batches.reduce((sum, b) => sum + b.tokens, 0)).toBe(
        rows.reduce((sum, r) => sum + r.ids.length, 0),
      );
    }
    expect(plan.totalSteps).toBe(2 * plan.stepsPerEpoch);
  });

  it("uses few shapes, all of them known before", () => {
    const key = (b: { batch: number; sequence: number }, n: number) => `${b.batch}x${b.sequence}x${n}`;
    const known = plan.shapes.map((shape) => key(shape, shape.labelled));
    const used = [0, 1].flatMap((n) => epoch(n).flat()).map((batch) => key(batch, batch.labelled.length));
    expect([...new Set(used)].sort()).toEqual(known.sort());
    expect(known.length).toBe(packing ? 1 : 2);
    for (const shape of plan.shapes) expect(shape.labelled % 32).toBe(0);
  });

  it("is the same again, at any step, and another in the next epoch", () => {
    const again = planBatches([...rows].reverse(), { ...options, packing });
    expect(again.step(plan.stepsPerEpoch + 1)).toEqual(plan.step(plan.stepsPerEpoch + 1));
    expect(rowsIn(plan.step(0))).not.toEqual(rowsIn(plan.step(plan.stepsPerEpoch)));
    const other = planBatches(rows, { ...options, packing, seed: 8 });
    expect(rowsIn(other.step(0))).not.toEqual(rowsIn(plan.step(0)));
  });

  it("keeps documents apart: positions restart and every line's targets lie within its rows", () => {
    for (const batch of plan.step(0)) {
      for (let at = 0; at < batch.inputIds.length; at++) {
        const start = batch.inputIds[at]! >= 1000n;
        if (start) expect(batch.positions[at]).toBe(0n);
        else if (batch.segments[at] !== 0n) expect(batch.positions[at]).toBe(batch.inputIds[at]);
      }
      for (let i = 0; i < batch.count; i++) {
        const at = Number(batch.labelled[i]);
        expect(batch.targets[i]).toBe(batch.inputIds[at + 1]);
        expect(batch.segments[at]).toBe(batch.segments[at + 1]);
      }
    }
  });

  it("a step is whole micro-batches up to tokens_per_step; the last may be shorter", () => {
    const sizes = epoch(0).map((batches) => batches.length);
    expect(sizes.slice(0, -1).every((size) => size === 2)).toBe(true);
    expect(sizes.at(-1)).toBeGreaterThan(0);
  });
});

describe("order and shares", () => {
  it("appended rows leave the others in their order", () => {
    const rows = rowsOf(60).map((row) => ({
      ...row,
      ids: row.ids.slice(0, 10),
      targets: row.targets.slice(0, 10),
    }));
    const unpacked = { ...options, packing: false, length: { epochs: 1 } };
    const order = (some: EncodedRow[]) => {
      const plan = planBatches(some, unpacked);
      return Array.from({ length: plan.totalSteps }, (_, s) => rowsIn(plan.step(s))).flat();
    };
    const before = order(rows.slice(0, 50));
    const after = order(rows).filter((id) => before.includes(id));
    expect(after).toEqual(before);
  });

  it("packs tightly", () => {
    const rows = rowsOf(300);
    const plan = planBatches(rows, { ...options, length: { epochs: 1 } });
    const batches = Array.from({ length: plan.totalSteps - 1 }, (_, s) => plan.step(s)).flat();
    const filled = batches.reduce((sum, b) => sum + b.tokens, 0) / (batches.length * 512);
    expect(filled).toBeGreaterThan(0.9);
  });

  it("makes sequences no longer than the longest row needs", () => {
    const sequenceOf = (sequenceLength: number) =>
      planBatches(rowsOf(100), { ...options, sequenceLength }).shapes.map(({ batch, sequence }) => [
        batch,
        sequence,
      ]);
    expect(sequenceOf(512)).toEqual([[4, 128]]);
    expect(sequenceOf(100)).toEqual([[5, 100]]);
  });

  it("fills a step whatever the micro-batch", () => {
    for (const microBatchTokens of [64, 256, 1024]) {
      const plan = planBatches(rowsOf(150), { ...options, sequenceLength: 512, microBatchTokens });
      const grid = plan.step(0).reduce((sum, batch) => sum + batch.batch * batch.sequence, 0);
      expect(grid).toBe(options.tokensPerStep);
    }
  });

  it("goes on for a number of steps instead of epochs", () => {
    const plan = planBatches(rowsOf(20), { ...options, length: { steps: 9 } });
    expect(plan.totalSteps).toBe(9);
    expect(plan.step(8).length).toBeGreaterThan(0);
  });

  it("never parts a group, holds back about the share, and stays when rows come", () => {
    const rows = rowsOf(400);
    const { train, validation } = splitByGroup(rows, { validation: 0.25, seed: 7 });
    const held = new Set(validation.map((row) => row.group));
    expect(train.some((row) => held.has(row.group))).toBe(false);
    expect(held.size).toBeGreaterThan(4);
    expect(held.size).toBeLessThan(18);
    const more = splitByGroup([...rows, { group: "new" }], { validation: 0.25, seed: 7 });
    expect(more.validation.filter((row) => row.group !== "new").length).toBe(validation.length);
    const two = splitByGroup([{ group: "a" }, { group: "b" }], { validation: 0.01, seed: 7 });
    expect([two.train.length, two.validation.length]).toEqual([1, 1]);
  });

  it("mixes replay in, the next rows of the pool each epoch, in steps of the same number", () => {
    const [rows, pool] = [rowsOf(100), rowsOf(400, 2)];
    const replay = { rows: pool, share: 0.25 };
    const plan = planBatches(rows, { ...options, length: { epochs: 3 }, replay });
    const epochs = [0, 1, 2].map((epoch) =>
      Array.from({ length: plan.stepsPerEpoch }, (_, i) => plan.step(epoch * plan.stepsPerEpoch + i)).flat(),
    );
    const drawn = epochs.map((batches) =>
      batches.flatMap((batch) => batch.rows).filter((id) => id.startsWith("replay/")),
    );
    for (const [epoch, batches] of epochs.entries()) {
      const ids = batches.flatMap((batch) => batch.rows);
      expect(ids.length - drawn[epoch]!.length, "own rows").toBe(rows.length);
      expect(new Set(ids).size).toBe(ids.length);
      expect(batches.every((batch) => batch.count > 0)).toBe(true);
    }
    const tokens = (ids: readonly string[]): number =>
      pool.filter((row) => ids.includes(`replay/${row.id}`)).reduce((sum, row) => sum + row.ids.length, 0);
    const own = rows.reduce((sum, row) => sum + row.ids.length, 0);
    for (const ids of drawn) expect(tokens(ids) / (own + tokens(ids))).toBeCloseTo(0.25, 1);
    expect(new Set(drawn.flat()).size, "little is drawn twice").toBeGreaterThan(0.9 * drawn.flat().length);
    expect(plan.step(plan.stepsPerEpoch + 1)).toEqual(
      planBatches(rows, { ...options, length: { epochs: 3 }, replay }).step(plan.stepsPerEpoch + 1),
    );
  });

  it("uses a small pool again", () => {
    const replay = { rows: rowsOf(2, 2), share: 0.2 };
    const plan = planBatches(rowsOf(100), { ...options, replay });
    const drawn = Array.from({ length: plan.stepsPerEpoch }, (_, i) => plan.step(i))
      .flat(2)
      .flatMap((batch) => batch.rows)
      .filter((id) => id.startsWith("replay/"));
    expect(new Set(drawn).size).toBe(2);
  });
});
