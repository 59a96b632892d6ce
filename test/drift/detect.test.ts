import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { detectDrift, drawsAt, type Log, tooFew } from "../../src/drift/detect.ts";
import { takeDriftLook } from "../../src/drift/looks.ts";
import type { Query } from "../../src/drift/queries.ts";
import { makeReference, readReference, writeReference } from "../../src/drift/reference.ts";
import { driftSchema } from "../../src/drift/result.ts";
import { placeTexts, trainingSpace } from "../../src/drift/space.ts";
import { ALPHA } from "../../src/evaluate/looks/looks.ts";
import { sha256 } from "../../src/formats/hash.ts";
import { thrown } from "../task/fixture.ts";
import { awesomeReference, policy, queriesOf } from "./awesomeshoes.ts";

const reference = awesomeReference();
const logOf = (queries: readonly Query[], sha256 = "a log"): Log => ({ file: "new.jsonl", sha256, queries });
const FIRST = { look: 1, level: ALPHA / 2 };
const scratch = mkdtempSync(join(tmpdir(), "lorafit-drift-"));
afterAll(() => rmSync(scratch, { recursive: true }));

describe("AwesomeShoes", () => {
  test("the month in which nothing changed shows no drift", () => {
    const result = detectDrift(reference, logOf(queriesOf("queries-april.jsonl")), FIRST);
    expect(result).toMatchObject({ outcome: "no drift", exit_code: 0, new_words: [], examples: [] });
    expect(result.log).toMatchObject({ queries: 900, compared: 744, from: "2026-04-01", to: "2026-04-30" });
    for (const { p_holm } of result.statistics) expect(p_holm).toBeGreaterThan(0.5);
    const { at: _, ...again } = detectDrift(reference, logOf(queriesOf("queries-april.jsonl")), FIRST);
    expect(result).toMatchObject(again);
  });

  test("the month of the new boots drifts, and says what is new", () => {
    const log = logOf(queriesOf("queries-may.jsonl"));
    const result = detectDrift(reference, log, FIRST);
    expect(result).toMatchObject({ outcome: "drift", exit_code: 1 });
    const drifted = result.statistics.filter((entry) => entry.drifted).map(({ name }) => name);
    expect(drifted).toEqual(expect.arrayContaining(["distance", "out-of-scope", "words", "embeddings"]));
    const words = result.new_words.map((entry) => entry.words);
    expect(words).toEqual(expect.arrayContaining(["boots", "tundra boots", "restocking fee", "90 days"]));
    for (const entry of result.new_words) expect(entry.new).toBeGreaterThan(entry.reference);
    const texts = new Map(log.queries.map(({ line, text }) => [line, text]));
    for (const { line, text, shows } of result.examples) {
      expect(text).toBe(texts.get(line));
      expect(text.toLowerCase().replace(/\W+/g, " ")).toContain(shows);
    }
    for (const side of ["reference", "new"] as const)
      expect(result.topics.reduce((sum, topic) => sum + topic[side], 0)).toBeCloseTo(1, 9);
    expect(driftSchema.parse(JSON.parse(JSON.stringify(result)))).toEqual(result);
  });

  test("enough random groups are drawn for the smallest p that a look asks for", () => {
    for (const look of [1, 2, 5, 12, 19]) {
      const smallest = 1 / (1 + drawsAt(ALPHA / (look * (look + 1))));
      expect(smallest).toBeLessThanOrEqual(ALPHA / (look * (look + 1)) / 6);
    }
  });
});

test("topics come from the rules that rows are tagged with, else from the nearest rule's text", () => {
  const row = (prompt: string, rule?: unknown) => ({
    id: prompt,
    group: prompt,
    file: "train.jsonl",
    shape: "messages",
    line: 1,
    content: { messages: [{ role: "user", content: prompt } as const] },
    raw: { rule },
  });
  const rows = [
    row("do laces come in pink", ["R99", "R5"]),
    row("Refunds are paid within how many business days?"),
  ];
  const space = trainingSpace(rows, policy);
  const topicOf = (text: string) => space.topics[placeTexts(space, [text]).topics[0]!]!.id;
  expect(topicOf("pink laces?")).toBe("R5");
  expect(topicOf("when are refunds paid")).toBe("R20");
  expect(topicOf("children's shoes growing room")).toBe("R11");
  expect(space.topics.filter(({ examples }) => examples > 0).map(({ id }) => id)).toEqual(["R5", "R20"]);
});

test("too few queries on either side are not compared", () => {
  const few = queriesOf("queries-may.jsonl").slice(0, 99);
  expect(tooFew(reference, logOf(few))).toMatch(/^99 new queries are fewer than 100/);
  const small = makeReference(reference.space, few);
  expect(tooFew(small, logOf(queriesOf("queries-may.jsonl")))).toMatch(/^\d\d queries in the reference/);
  expect(tooFew(reference, logOf(queriesOf("queries-may.jsonl")))).toBeNull();
});

describe("the reference on disk", () => {
  test("comes back as it was, and holds no words", () => {
    const folder = join(scratch, "round-trip");
    const bytes = writeReference(folder, reference);
    expect(bytes).toBeLessThan(2.5e6);
    // Vectors as whole buffers: an element-wise comparison of 1.6 million numbers takes half a minute.
    const flat = ({ space, placed, ...rest }: typeof reference) => ({
      ...rest,
      space: { ...space, vectors: sha256(Buffer.concat(space.vectors).toString("hex")) },
      placed: { ...placed, vectors: sha256(Buffer.concat(placed.vectors).toString("hex")) },
    });
    expect(flat(readReference(folder))).toEqual(flat(reference));
    const content = readFileSync(join(folder, "reference.json"), "utf8");
    expect(content).not.toMatch(/voucher|marathon|@example/);
  });

  const damaged = (name: string, damage: (folder: string) => void) => {
    const folder = join(scratch, name);
    writeReference(folder, reference);
    damage(folder);
    return thrown(() => readReference(folder));
  };
  const edit = (folder: string, change: (content: Record<string, Record<string, unknown>>) => void): void => {
    const file = join(folder, "reference.json");
    const content = JSON.parse(readFileSync(file, "utf8"));
    change(content);
    writeFileSync(file, JSON.stringify(content));
  };

  test("a missing, damaged or foreign one is refused", () => {
    expect(thrown(() => readReference(join(scratch, "nowhere")))).toMatchObject({ exitCode: 2 });
    const cut = damaged("cut", (folder) => writeFileSync(join(folder, "reference.json"), "{"));
    expect(cut).toMatchObject({ exitCode: 3, message: expect.stringContaining("is not JSON") });
    const flipped = damaged("flipped", (folder) => appendFileSync(join(folder, "vectors.safetensors"), "x"));
    expect(flipped).toMatchObject({ exitCode: 3 });
    const uneven = damaged("uneven", (folder) =>
      edit(folder, ({ queries }) => (queries!["topics"] as number[]).pop()),
    );
    expect(uneven).toMatchObject({ exitCode: 3 });
    const foreign = damaged("foreign", (folder) =>
      edit(folder, ({ embedder }) => {
        embedder!["name"] = "minilm-1";
      }),
    );
    expect(foreign).toMatchObject({ exitCode: 5, message: expect.stringContaining("minilm-1") });
  });
});

describe("the ledger of looks", () => {
  test("levels sum to less than alpha, the same log is the same look, another reference begins anew", () => {
    const file = join(scratch, "looks.jsonl");
    const looks = Array.from({ length: 30 }, (_, i) => takeDriftLook(file, "reference 1", `log ${i}`));
    expect(looks.map(({ look }) => look)).toEqual(Array.from({ length: 30 }, (_, i) => i + 1));
    expect(looks.reduce((sum, { level }) => sum + level, 0)).toBeLessThan(ALPHA);
    const before = readFileSync(file, "utf8");
    expect(takeDriftLook(file, "reference 1", "log 4")).toMatchObject({ look: 5, level: ALPHA / 30 });
    expect(readFileSync(file, "utf8")).toBe(before);
    expect(takeDriftLook(file, "reference 2", "log 4")).toMatchObject({ look: 1, level: ALPHA / 2 });
    expect(readFileSync(file, "utf8").startsWith(before)).toBe(true);
  });

  test("a damaged ledger is refused with its line", () => {
    const file = join(scratch, "damaged.jsonl");
    takeDriftLook(file, "r", "a");
    appendFileSync(file, "not JSON\n");
    expect(thrown(() => takeDriftLook(file, "r", "b"))).toMatchObject({
      exitCode: 3,
      message: `${file}:2: the ledger of looks is damaged`,
    });
  });
});
