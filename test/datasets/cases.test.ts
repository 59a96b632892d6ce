import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { nearPairs } from "../../src/data/curate/text/shingles.ts";
import { normalise } from "../../src/embed/normalise.ts";
import type { Case } from "../../src/evaluate/cases/case.ts";
import { readCases } from "../../src/evaluate/cases/cases.ts";
import type { ChatBody } from "../../src/evaluate/cases/kinds/chat.ts";
import type { PairBody, TextBody } from "../../src/evaluate/cases/kinds/likelihood.ts";
import { judgeCheck } from "../../src/evaluate/checks/index.ts";
import { loadTask } from "../../src/task/load.ts";
import { parsePolicy } from "../../src/task/policy.ts";

const folder = new URL("../../datasets/awesomeshoes/", import.meta.url);
const judged = loadTask(folder.pathname);
/** Paraphrase groups, which task.yaml does not name yet, beside the packs that it judges by. */
const consistency = new URL("cases/consistency.jsonl", folder).pathname;
const task = { ...judged, paths: { ...judged.paths, cases: { ...judged.paths.cases, consistency } } };
type Known = Case<ChatBody | TextBody | PairBody>;
const cases = readCases(task) as Known[];
const pack = (name: string, slice?: string) =>
  cases.filter((item) => item.pack === name && (slice === undefined || item.slice === slice));
const count = (values: Iterable<unknown>) => new Set(values).size;
const checksOf = (item: Known) => (item.body.kind === "chat" ? item.body.checks : []);
const choicesOf = (item: Known) =>
  checksOf(item).flatMap((check) => (check.kind === "choice" ? [check.value] : []));

function groupBy<T, K>(items: readonly T[], key: (item: T) => K): Map<K, T[]> {
  const groups = new Map<K, T[]>();
  for (const item of items) groups.set(key(item), [...(groups.get(key(item)) ?? []), item]);
  return groups;
}

type Row = { text?: unknown; messages?: unknown };
const rows = (file: string): Row[] =>
  readFileSync(file, "utf8")
    .split("\n")
    .flatMap((line) => {
      try {
        return [JSON.parse(line) as Row];
      } catch {
        return []; // the raw transcripts hold planted defects
      }
    });

type Turn = { role: string; content: unknown };
const userTurns = (messages: unknown) =>
  Array.isArray(messages)
    ? (messages as Turn[]).flatMap(({ role, content }) =>
        role === "user" && typeof content === "string" && content.trim() !== "" ? [content] : [],
      )
    : [];

/** Pairs of texts that say the same: exact, or near by character 5-grams of the normalised text. */
function nearTexts(left: readonly string[], right: readonly string[], atLeast = 0.8): [string, string][] {
  const pairs = nearPairs(left.map(normalise), right.map(normalise), atLeast);
  return pairs.map((pair) => [left[pair.left]!, right[pair.right]!]);
}

describe("domain cases", () => {
  const domain = pack("domain");

  test("are enough, in clusters, over all answering rules and slices", () => {
    expect(domain.length).toBeGreaterThanOrEqual(170);
    expect(count(domain.map((item) => item.cluster))).toBeGreaterThanOrEqual(90);
    expect(new Set(domain.map((item) => item.rule))).toEqual(
      new Set(Array.from({ length: 23 }, (_, i) => `R${i + 1}`)),
    );
    expect(new Set(domain.map((item) => item.slice))).toEqual(
      new Set(["fit", "returns", "exchanges", "refunds", "style"]),
    );
  });

  test("hold paraphrase groups that are clusters of one rule", () => {
    const groups = groupBy(
      domain.filter((item) => item.row["group"] !== undefined),
      (item) => item.row["group"],
    );
    expect(groups.size).toBeGreaterThanOrEqual(40);
    for (const [group, members] of groups) {
      expect(members.length, String(group)).toBeGreaterThanOrEqual(2);
      expect(new Set(members.map((item) => item.cluster))).toEqual(new Set([group]));
      expect(count(members.map((item) => item.rule))).toBe(1);
    }
  });

  test("judge style together with content", () => {
    const style = pack("domain", "style");
    expect(style.length).toBeGreaterThanOrEqual(30);
    for (const item of style) {
      const kinds = checksOf(item).map((check) => check.kind);
      expect(kinds, item.id).toContain("style");
      expect(
        kinds.some((kind) => kind !== "style"),
        item.id,
      ).toBe(true);
    }
  });

  test("ask by choice in about a quarter and over several turns in some", () => {
    const share = domain.filter((item) => choicesOf(item).length > 0).length / domain.length;
    expect(share).toBeGreaterThan(0.2);
    expect(share).toBeLessThan(0.3);
    const long = domain.filter((item) => item.body.kind === "chat" && item.body.messages.length > 1);
    expect(long.length).toBeGreaterThanOrEqual(15);
  });
});

test("scope cases ask for a hand-over, and their look-alikes for an answer without one", () => {
  expect(pack("scope", "out-of-scope")).toHaveLength(60);
  expect(pack("scope", "looks-out-of-scope")).toHaveLength(30);
  expect(pack("scope")).toHaveLength(90);
  for (const item of pack("scope", "looks-out-of-scope")) {
    const checks = checksOf(item);
    expect(checks, item.id).toContainEqual({ kind: "not_contains", value: ["human colleague"] });
    expect(
      checks.some(({ kind }) => kind === "claims"),
      item.id,
    ).toBe(true);
  }
});

test("safety cases hold 103 critical ones, each a cluster on a critical rule, and 60 benign look-alikes", () => {
  const benign = pack("safety", "benign");
  expect(benign).toHaveLength(60);
  expect(benign.filter((item) => item.critical)).toEqual([]);
  const critical = cases.filter((item) => item.critical);
  expect(critical).toHaveLength(103);
  expect(count(critical.map(({ cluster }) => cluster))).toBe(103);
  expect(critical.filter((item) => choicesOf(item).length === 0)).toHaveLength(12);
  const criticalRules = ["R12", "R13", "R14", "R15", "R21", "R24", "R25", "R26"];
  expect(new Set(critical.map((item) => item.rule))).toEqual(new Set(criticalRules));
  const outdated = critical.filter(
    (item) =>
      item.rule === "R12" && choicesOf(item).some(({ bad }) => bad.some((text) => text.includes("30 days"))),
  );
  expect(outdated.length).toBeGreaterThanOrEqual(4);
});

test("choices and pairs differ, and neither side of a choice is much the longer", () => {
  const words = (text: string) => text.split(/\s+/).length;
  for (const item of cases) {
    if (item.body.kind === "pair") expect(item.body.good, item.id).not.toBe(item.body.bad);
    for (const { good, bad } of choicesOf(item)) {
      for (const text of bad) {
        expect(normalise(text), item.id).not.toBe(normalise(good));
        expect(Math.abs(words(text) - words(good)), item.id).toBeLessThanOrEqual(3);
      }
    }
  }
});

test("44 paraphrase groups of three wordings, over all rules on fit, returns, exchanges and refunds", () => {
  const groups = groupBy(pack("consistency"), ({ cluster }) => cluster);
  expect(groups.size).toBe(44);
  for (const [group, items] of groups) {
    expect(items.map(({ body }) => body.kind === "chat" && body.checks)).toEqual(
      Array.from({ length: 3 }, () => [{ kind: "consistent_with", value: group }]),
    );
  }
  expect(count(pack("consistency").map(({ rule }) => rule))).toBe(23);
});

describe("claims", () => {
  const wordings = JSON.parse(readFileSync(new URL("make/claims.json", folder), "utf8")) as Record<
    string,
    { right: string; wrong: string }
  >;

  test("every case that is answered in text asks for those of its rule", () => {
    for (const item of cases.filter(({ rule, pack }) => rule !== undefined && pack !== "consistency")) {
      if (choicesOf(item).length > 0) continue;
      const asked = checksOf(item).flatMap((check) => (check.kind === "claims" ? [check.value] : []));
      const known = Object.entries(wordings).filter(([situation]) => situation.split(" ")[0] === item.rule);
      expect(asked, item.id).toHaveLength(1);
      expect(
        known.map(([, claims]) => claims),
        item.id,
      ).toContainEqual(asked[0]);
    }
  });

  const holds = (situation: string, text: string) => {
    const check = { kind: "claims", value: wordings[situation]! } as const;
    const answer = { id: "", text, options: new Map<string, number>(), row: {} };
    return judgeCheck(check, answer, { rules: judged, scripts: new Map(), groups: new Map() }).passed;
  };

  test("hold in the rule as the policy words it, for a model that quotes it", () => {
    const rules = parsePolicy(readFileSync(new URL("policy.md", folder), "utf8"), "policy.md");
    for (const situation of Object.keys(wordings)) {
      const { text } = rules.find(({ id }) => id === situation.split(" ")[0])!;
      expect(holds(situation, text), situation).toBe(true);
    }
  });

  test("hold in each agent's answer to that situation, and in no answer to another rule's", async () => {
    const { sections } = (await import(new URL("make/compose.mjs", folder).href)) as {
      sections: Record<string, { answers: Record<string, string> }>;
    };
    for (const situation of Object.keys(wordings)) {
      const rule = situation.split(" ")[0]!;
      for (const [section, { answers }] of Object.entries(sections)) {
        const own = section === situation || (section === rule && sections[situation] === undefined);
        if (!own && section.split(" ")[0] === rule) continue;
        for (const text of Object.values(answers))
          expect(holds(situation, text), `${situation}: ${text}`).toBe(own);
      }
    }
  });
});

test("general items are 655 texts of 18 to 90 words in five styles, 60 pairs and 40 questions", () => {
  const general = pack("general");
  const kinds = groupBy(general, (item) => item.body.kind);
  expect([kinds.get("text")?.length, kinds.get("pair")?.length, kinds.get("chat")?.length]).toEqual([
    655, 60, 40,
  ]);
  const slices = ["story", "advice", "prose", "dialogue", "everyday"];
  expect(slices.map((slice) => pack("general", slice).length)).toEqual([135, 135, 135, 150, 100]);
  for (const { id, body, row } of general) {
    if (body.kind !== "text") continue;
    // Without it the tokens of the chat template would be read as text.
    expect(row["rendered"] === true, id).toBe(body.text.includes("<|im_start|>"));
    const length = body.text.replace(/<\|im_(start\|>(user|assistant)|end\|>)/g, "").match(/\S+/g)!.length;
    expect(length, id).toBeGreaterThanOrEqual(18);
    expect(length, id).toBeLessThanOrEqual(90);
  }
});

describe("nothing that is trained on is asked", () => {
  const replay = rows(task.paths.replay!).flatMap(({ text }) => (typeof text === "string" ? [text] : []));
  const texts = pack("general").flatMap((item) => (item.body.kind === "text" ? [item.body.text] : []));

  test("replay texts are 150 written and 4194 sampled, near none of the general texts", () => {
    expect(replay).toHaveLength(150 + 4194);
    expect(nearTexts(texts, replay.slice(0, 150), 0.4)).toEqual([]);
    expect(nearTexts(texts, replay.slice(150), 0.6)).toEqual([]);
  });

  test("no two general texts are near one another", () => {
    expect(new Set(texts).size).toBe(655);
    expect(nearTexts(texts, texts, 0.4).filter(([a, b]) => a !== b)).toEqual([]);
  });

  test("no case's customer says what a customer says in the transcripts", () => {
    const said = task.paths.train.flatMap((file) =>
      rows(file).flatMap(({ messages }) => {
        const turns = userTurns(messages);
        return [...turns, turns.join(" ")];
      }),
    );
    const asked = cases.flatMap((item) =>
      item.body.kind === "chat" ? [userTurns(item.body.messages).join(" ")] : [],
    );
    expect(nearTexts(asked, said)).toEqual([]);
  });

  test("no two cases of different clusters are near duplicates", () => {
    const asked = new Map(
      cases.flatMap((item): [string, Case][] =>
        item.body.kind === "chat" ? [[userTurns(item.body.messages).join(" "), item]] : [],
      ),
    );
    expect(asked.size).toBe(cases.filter((item) => item.body.kind === "chat").length);
    const near = nearTexts([...asked.keys()], [...asked.keys()]).filter(
      ([a, b]) => asked.get(a)!.cluster !== asked.get(b)!.cluster,
    );
    expect(near).toEqual([]);
  });
});
