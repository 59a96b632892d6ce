import type { TrainingRow } from "../../row-format.ts";
import type { CaseText } from "../case-texts.ts";
import type { Proposal } from "../finding.ts";
import type { PolicyText } from "../policy/policy.ts";
import { rarity } from "../policy/relevance.ts";
import { ruleClauses } from "../policy/rule-clauses.ts";
import { type Exchange, exchangesOf } from "../text/exchanges.ts";
import { handOverTargets, handsOver, passesOn, refuses } from "../text/hand-over.ts";
import { sentences } from "../text/stance.ts";
import { sameValue, statementsOf } from "../text/statements.ts";
import { termsOf, termWeight } from "../text/terms.ts";
import { type Novelty, noveltyOf } from "./novelty.ts";
import { HIT, hitsOf, type Status, statusOf, strength, unknownName } from "./topic-hits.ts";
import { TOPICS } from "./topics.ts";

/** Scope of a task as declared in task.yaml. */
export interface Scope {
  readonly inScope: readonly string[];
  readonly outOfScope: readonly string[];
}

/** Weights of the signs of a foreign question. */
const SIGN = { stated: 1.2, handed: 2, improvised: 0.6 };
/** How much a subject counts: of the task's own, declared or handed over, or neither. */
const STATUS: Readonly<Record<Exclude<Status, "none">, number>> = { own: 0.2, foreign: 1.2, unknown: 1 };
/** What a question and an answer take off for each share of their terms that the job uses. */
const OWN_WORDS = { question: 1.4, answer: 1.2 };
/** What remains of that where a phrase names a subject that the task has declared out of scope. */
const DESPITE_DECLARED = 0.7;
const THRESHOLD = 1;
/** Least novel shares of question and answer for novelty to count, from how many deviations on, and the weight of each further one. */
const NOVEL = { question: 0.5, answer: 0.35, from: 1.2, weight: 1.8, most: 3 };
/** Words of a message that is judged by its novelty. */
const WORDS = 4;
/** An answer that tells what the shop has or does is about the shop, however new its words. */
const OWN_VOICE = /\b(?:we|ours?|us)\b/i;
/** Novel share of an answer below which it is in the job's own words, whatever the question names. */
const OWN_ANSWER = 0.25;
/** Share of a clause's terms from which on an answer states the rule. */
const STATES_RULE = 0.7;
/** Share of the answered turns that use a term, beyond which it is the job's own. */
const EVERYDAY = 0.01;
/** Not a question. */
const THANKS =
  /^\W*(?:thanks?\b|thank you|great|lovely|perfect|wonderful|amazing|well done|brilliant|cheers)(?![^?]*\?)/i;

/** Turns of speech of somebody who does not know. */
const IMPROVISES =
  /\b(?:i (?:reckon|guess|think|suppose|believe|heard|bet)|i['’]d (?:say|guess|go|try|bet)|probably|surely|personally|honestly|in my (?:opinion|view|experience)|trust me|my (?:cousin|brother|sister|friend|uncle|mum|mate|aunt|neighbour)|every(?:body|one) (?:knows|says|does|has|just)|they say|supposedly|as far as i know|don['’]t (?:bother|worry about it)|just (?:ignore|refuse|tell|show up|turn up|stop))\b/i;

interface Turn extends Exchange {
  readonly asked: ReadonlySet<string>;
  readonly said: ReadonlySet<string>;
  readonly handedOver: boolean;
}

/**
 * Rows that improvise where they had to hand over: the question looks foreign to the job, and the answer does not hand over. Signs
 * that a question is foreign: subjects that the task declares out of scope or hands over elsewhere, words of those declarations,
 * nearness to questions that are handed over. Signs against: words of the policy, of the scope, and of other rows, in question and answer.
 */
export function outOfScope(
  rows: readonly TrainingRow[],
  cases: readonly CaseText[],
  policy: PolicyText,
  scope: Scope,
): Proposal[] {
  const targets = handOverTargets(policy.map(({ text }) => text));
  const turns = rows.flatMap((row) =>
    "text" in row.content ? [] : exchangesOf(row).map((exchange) => read(exchange, targets)),
  );
  const clauses = ruleClauses(policy).map(({ terms }) => [...terms.keys()]);
  /** True if the answer says what a rule says. */
  const byRule = ({ said }: Turn): boolean =>
    clauses.some(
      (terms) =>
        terms.length > 2 && terms.filter((term) => said.has(term)).length >= STATES_RULE * terms.length,
    );
  const score = scorer(turns, cases, policy, scope);
  const found = new Map<TrainingRow, Proposal>();
  for (const turn of turns) {
    if (
      turn.handedOver ||
      refuses(turn.answer) ||
      found.has(turn.row) ||
      byRule(turn) ||
      THANKS.test(turn.turn)
    )
      continue;
    const { total, why } = score(turn);
    if (total < THRESHOLD) continue;
    found.set(turn.row, {
      kind: "out-of-scope",
      file: turn.row.file,
      line: turn.row.line,
      evidence: `${why}, and the answer does not hand over`,
      severity: "warning",
      action: "drop",
    });
  }
  return [...found.values()];
}

function read(exchange: Exchange, targets: RegExp | undefined): Turn {
  return {
    ...exchange,
    asked: termsOf(exchange.turn),
    said: termsOf(exchange.answer),
    handedOver: handsOver(exchange.answer) || (targets?.test(exchange.answer) ?? false),
  };
}

function scorer(turns: readonly Turn[], cases: readonly CaseText[], policy: PolicyText, scope: Scope) {
  const rules = policy.map(({ text }) => text).filter((text) => !passesOn(text));
  const own = [...scope.inScope, ...rules];
  const ruleTexts = rules.join("\n").toLowerCase();
  const answered = turns.filter(({ handedOver }) => !handedOver);
  const known = cases.flatMap(({ lastTurn, handsOver }) =>
    lastTurn === undefined || handsOver === undefined
      ? []
      : [{ text: lastTurn, terms: termsOf(lastTurn), out: handsOver }],
  );
  const handed = [
    ...turns.filter(({ handedOver }) => handedOver).map(({ turn, asked }) => ({ text: turn, terms: asked })),
    ...known.filter(({ out }) => out),
  ];
  const job = new Set(own.flatMap((text) => [...termsOf(text)]));
  const novelty = noveltyOf(answered, new Set(job));
  for (const { terms, out } of known) if (!out) for (const term of terms) job.add(term);
  const uses = new Map<string, number>();
  for (const { asked, said } of answered)
    for (const term of new Set([...asked, ...said])) uses.set(term, (uses.get(term) ?? 0) + 1);
  const weight = rarity([...turns.map(({ asked }) => asked), ...known.map(({ terms }) => terms)]);
  const stated = new Set(
    scope.outOfScope
      .flatMap((line) => [...termsOf(line)])
      .filter((term) => !job.has(term) && termWeight(term) === 1),
  );
  const ruled = rules.map((text) => ({ statements: statementsOf(text), terms: termsOf(text) }));
  /** True if the answer has a quantity of a rule with which the exchange shares a term. */
  const quotesRule = ({ answer, asked, said }: Turn): boolean =>
    [...statementsOf(answer)].some(([key, values]) =>
      ruled.some(
        ({ statements, terms }) =>
          statements.get(key)?.some((right) => values.some((value) => sameValue(value, right))) === true &&
          [...asked, ...said].some((term) => terms.has(term)),
      ),
    );
  // What more than one row asks is no outlier.
  const repeated = new Map<string, number>();
  for (const { asked } of answered) {
    const terms = [...asked].join(" ");
    repeated.set(terms, (repeated.get(terms) ?? 0) + 1);
  }
  const topics = TOPICS.map((topic) => ({
    topic,
    status: statusOf(topic, { own, ...scope, answered, handed }),
  }));

  const rivals = topics.find(({ topic }) => topic.name === "rivals")!;
  /** True if the job uses a term apart from this turn. */
  const often = Math.max(2, EVERYDAY * answered.length);
  const ofTheJob = (term: string): boolean => job.has(term) || (uses.get(term) ?? 0) > often;
  const share = (terms: ReadonlySet<string>, apart: ReadonlySet<string> = new Set()): number => {
    let [mine, all] = [0, 0];
    for (const term of terms) {
      const value = termWeight(term);
      all += value;
      if (ofTheJob(term) && !apart.has(term)) mine += value;
    }
    return all === 0 ? 0 : mine / all;
  };
  const likeness = (
    terms: ReadonlySet<string>,
    others: readonly { readonly terms: ReadonlySet<string> }[],
  ): number => {
    let best = 0;
    for (const { terms: other } of others) {
      if (other === terms) continue;
      let [shared, union] = [0, 0];
      for (const term of new Set([...terms, ...other])) {
        const value = weight(term);
        union += value;
        if (terms.has(term) && other.has(term)) shared += value;
      }
      if (union > 0) best = Math.max(best, shared / union);
    }
    return best;
  };
  const inside = [...answered.map(({ asked }) => ({ terms: asked })), ...known.filter(({ out }) => !out)];

  return (turn: Turn): { total: number; why: string } => {
    const signs: [weight: number, why: string, words: readonly string[], status: Status][] = [];
    // What comes before the question itself only tells of the case: "I broke my leg. Can I still cancel?"
    const asking = sentences(turn.turn)
      .filter((sentence) => /\?/.test(sentence))
      .join(" ");
    const mine = share(turn.asked);
    const told = asking === "" ? 1 : 1 - share(termsOf(asking));
    for (const { topic, status } of topics) {
      if (status === "none") continue;
      const inQuestion = hitsOf(topic, turn.turn, ofTheJob, ruleTexts);
      const inAsking = hitsOf(topic, asking, ofTheJob, ruleTexts);
      const inAnswer = hitsOf(topic, turn.answer, ofTheJob, ruleTexts);
      const sure = inAsking.strong.length + inQuestion.strong.length + inAnswer.strong.length > 0;
      const hits =
        (sure ? 1 : 1 - mine) *
        (strength(inAsking) +
          told * Math.max(0, strength(inQuestion) - strength(inAsking)) +
          HIT.inAnswer *
            (HIT.strong * Math.min(1, inAnswer.strong.length) +
              HIT.weak * Math.min(2, inAnswer.weak.length)));
      const word = [...inQuestion.strong, ...inQuestion.weak, ...inAnswer.strong, ...inAnswer.weak][0];
      if (word !== undefined)
        signs.push([
          STATUS[status] * hits,
          `asks about ${topic.name} (${JSON.stringify(word)})`,
          inQuestion.strong,
          status,
        ]);
    }
    const theirs = /\b(?:they|theirs?|them)\b/i.test(turn.answer);
    const name = unknownName(theirs ? turn.turn : asking || turn.turn, ofTheJob);
    if (
      name !== undefined &&
      rivals.status === "foreign" &&
      (hitsOf(rivals.topic, asking || turn.turn, ofTheJob, ruleTexts).weak.length > 0 || theirs)
    )
      signs.push([STATUS.foreign * HIT.strong, `asks about ${JSON.stringify(name)}`, [name], "foreign"]);
    signs.sort(([a], [b]) => b - a);
    const first = signs[0];
    const named = [...turn.asked].filter((term) => stated.has(term));
    const near = likeness(turn.asked, handed) - likeness(turn.asked, inside);
    const declared = signs.some(([, , strong, status]) => status === "foreign" && strong.length > 0);
    const against =
      OWN_WORDS.question * share(turn.asked, termsOf((first?.[2] ?? []).join(" "))) +
      OWN_WORDS.answer * share(turn.said);
    const signed =
      (first?.[0] ?? 0) + SIGN.stated * Math.min(2, named.length) + SIGN.handed * Math.max(0, near);
    const improvised = signed > 0 && IMPROVISES.test(turn.answer) ? SIGN.improvised : 0;
    const novel = novelty(turn);
    if (novel.answer < OWN_ANSWER) return { total: 0, why: "" };
    const ofTheShop =
      repeated.get([...turn.asked].join(" "))! > 1 ||
      OWN_VOICE.test(turn.answer) ||
      quotesRule(turn) ||
      turn.turn.split(/\s+/).length < WORDS;
    const outlying = ofTheShop ? 0 : weightOf(novel);
    const total = signed + improvised + outlying - (declared ? DESPITE_DECLARED : 1) * against;
    const why =
      (outlying > (first?.[0] ?? 0)
        ? "question and answer use words that no other row and no rule uses"
        : first?.[1]) ??
      (named.length > 0
        ? `names ${JSON.stringify(named[0])}, which is out of scope`
        : "asks what is handed over elsewhere");
    return { total, why };
  };
}

function weightOf({ question, answer, deviations, ample }: Novelty): number {
  if (!ample || question < NOVEL.question || answer < NOVEL.answer) return 0;
  return Math.min(NOVEL.most, NOVEL.weight * Math.max(0, deviations - NOVEL.from));
}
