import type { Exchange } from "../text/exchanges.ts";
import { termsOf } from "../text/terms.ts";
import type { Topic } from "./topics.ts";

/** Weights of a topic's words: one that hardly occurs elsewhere, one that does, and either in the answer. */
export const HIT = { strong: 2, weak: 0.7, inAnswer: 0.5 };

const INSIDE = /(?<=[\p{Ll}\d,'’] )\p{Lu}\p{Ll}[\p{L}'’]+(?: \p{Lu}[\p{L}'’]+)*/gu;
/** At the start of a sentence: two words with capitals, one with a capital inside, or one that does something to the customer. */
const FIRST =
  /(?<=^|[.!?] )(?:\p{Lu}\p{Ll}+ \p{Lu}\p{Ll}+|\p{Lu}\p{Ll}+\p{Lu}\p{L}+|\p{Lu}\p{Ll}+(?= (?:sold|told|charged|lost|broke|sent|refused?|wants?|owes?|won['’]t|has|have) (?:\w+ )?(?:me|my|us|our)\b))/gu;

/** A name that the job does not use, such as that of another shop. */
export function unknownName(text: string, ofTheJob: (term: string) => boolean): string | undefined {
  return [...text.matchAll(INSIDE), ...text.matchAll(FIRST)]
    .map(([name]) => name)
    .find((name) => {
      // "Lakeland Wheels" is another firm though the job knows wheels.
      const first = [...termsOf(name.split(" ")[0]!)];
      return first.length > 0 && !first.some(ofTheJob) && !CALENDAR.test(name);
    });
}
const CALENDAR =
  /^(?:(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day|January|February|March|April|May|June|July|August|September|October|November|December|Christmas|Easter|English|British|I)\b/;

/** The words of a topic that a text names. */
export interface Hits {
  readonly strong: readonly string[];
  readonly weak: readonly string[];
}

/** What a topic's words in a question weigh, at most two of each sort. */
export function strength({ strong, weak }: Hits): number {
  return HIT.strong * Math.min(2, strong.length) + HIT.weak * Math.min(2, weak.length);
}

/** Whose subject a topic is: the task's own, declared out of scope or handed over, neither; "none" does not count. */
export type Status = "own" | "foreign" | "unknown" | "none";

export function statusOf(
  topic: Topic,
  {
    own,
    inScope,
    outOfScope,
    answered,
    handed,
  }: {
    readonly own: readonly string[];
    readonly inScope: readonly string[];
    readonly outOfScope: readonly string[];
    readonly answered: readonly Pick<Exchange, "turn">[];
    readonly handed: readonly { readonly text: string }[];
  },
): Status {
  const has = (pattern: RegExp, text: string): boolean => text.search(pattern) >= 0;
  if (outOfScope.some((line) => has(topic.named, line))) return "foreign";
  const asked = answered.filter(({ turn }) => has(topic.strong, turn)).length;
  const passed = handed.filter(({ text }) => has(topic.strong, text)).length;
  if (passed > asked) return "foreign";
  if (inScope.some((line) => has(topic.named, line)) || own.some((line) => has(topic.strong, line)))
    return "own";
  if (topic.everyday) return "none";
  return asked > 0.06 * answered.length ? "own" : "unknown";
}

/**
 * @param ofTheJob true for terms that the task uses itself
 * @param rules the rules that answer themselves, in lower case
 */
export function hitsOf(topic: Topic, text: string, ofTheJob: (term: string) => boolean, rules: string): Hits {
  const foreign = (word: string): boolean => ![...termsOf(word)].some(ofTheJob);
  const find = (pattern: RegExp): string[] => [
    ...new Set((text.match(pattern) ?? []).map((word) => word.toLowerCase())),
  ];
  // "The police" says nothing where a rule of the shop's own is on them.
  const strong = find(topic.strong).filter((word) => !rules.includes(word));
  return {
    strong,
    weak: find(topic.weak).filter((word) => foreign(word) && !strong.some((found) => found.includes(word))),
  };
}
