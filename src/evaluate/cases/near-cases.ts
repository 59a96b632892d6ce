import { fitNgrams, hashedNgrams } from "../../embed/hashed-ngrams.ts";
import type { Case } from "./case.ts";
import { type ChatBody, isChat } from "./kinds/chat.ts";

/** Cosine of hashed n-grams from which on two questions are named; with equal checks, which say they ask the same. */
const NEAR = 0.6;
const NEAR_WITH_EQUAL_CHECKS = 0.45;

/** Cases of a pack that ask nearly the same but are several clusters. */
export interface NearCases {
  pack: string;
  /** Ids, in the order of the file. */
  ids: string[];
}

/**
 * Groups of cases that should be one cluster: paraphrases count as independent otherwise, and the gate passes too often.
 * Finds questions that share wording (another greeting, order or product), not those in other words. Texts and pairs are not
 * compared: their wording is shared by style.
 */
export function nearCases(cases: readonly Case[]): NearCases[] {
  const packs = [...new Set(cases.map(({ pack }) => pack))];
  return packs.flatMap((pack) => {
    const own = cases.filter(isChat).filter((item) => item.pack === pack);
    return groupsOf(own).map((group) => ({ pack, ids: group.map(({ id }) => id) }));
  });
}

function groupsOf(cases: readonly Case<ChatBody>[]): Case[][] {
  const texts = cases.map(({ body }) => body.messages.map(({ content }) => content).join("\n"));
  const { embed, dimensions } = hashedNgrams(fitNgrams(texts));
  const sparse = texts.map((text) =>
    [...embed(text)].flatMap((value, at) => (value === 0 ? [] : [{ at, value }])),
  );
  const checks = cases.map(({ row }) => JSON.stringify(row["checks"]));
  /** Root of each case's group; cases of one cluster are one from the start. */
  const parent = cases.map((_, i) => i);
  const root = (i: number): number => (parent[i] === i ? i : root(parent[i]!));
  const first = new Map<string, number>();
  for (const [i, { cluster }] of cases.entries()) {
    const known = first.get(cluster);
    if (known === undefined) first.set(cluster, i);
    else parent[i] = known;
  }
  const dense = new Float32Array(dimensions);
  for (let i = 0; i < cases.length; i++) {
    for (const { at, value } of sparse[i]!) dense[at] = value;
    for (let j = 0; j < i; j++) {
      if (cases[i]!.cluster === cases[j]!.cluster) continue;
      let cosine = 0;
      for (const { at, value } of sparse[j]!) cosine += dense[at]! * value;
      if (cosine >= (checks[i] === checks[j] ? NEAR_WITH_EQUAL_CHECKS : NEAR)) parent[root(i)] = root(j);
    }
    dense.fill(0);
  }
  const groups = new Map<number, Case[]>();
  for (const [i, item] of cases.entries()) groups.set(root(i), [...(groups.get(root(i)) ?? []), item]);
  return [...groups.values()].filter((group) => new Set(group.map(({ cluster }) => cluster)).size > 1);
}
