import { alternatives, type Claim, claimsOf, impliedClaim } from "../text/claims.ts";
import { handsOver, passesOn } from "../text/hand-over.ts";
import { asksForDuty, negates, stanceOf } from "../text/stance.ts";
import { type Statements, sameValue } from "../text/statements.ts";
import { FREE, termsOf, termWeight } from "../text/terms.ts";
import { weekdaysOf } from "../text/weekdays.ts";
import type { Answer, Comparator, RelevantFact } from "./comparator.ts";
import { type Fact, takesBack } from "./facts.ts";
import { type Coverage, type PolicyContradiction, RELEVANT, type Reading } from "./relevance.ts";
import { outsideHours, tooYoung } from "./wrong-case.ts";

/**
 * Least shares of the terms of one side that the other names. `focus` of what a rule denies, in the claim, or `half` with the whole
 * subject; `subject` of whom it denies it, in the exchange; `claim` of a claim's terms in a rule; `fact` of a rule's terms in the exchange.
 */
const SHARE = { focus: 0.6, half: 0.45, whole: 0.9, subject: 0.5, condition: 0.35, claim: 0.6, fact: 0.4 };
/** Relevance by which a rule may fall behind another and still explain a claim that contradicts the other. */
const BEHIND = 0.15;
/** Terms by which a claim must name what a rule denies, its subject counted as one. */
const MASS = 1.5;

/** Words by which a refusal names its reason: a limit, an exception or a condition. */
const REASON =
  /\b(?:only|because|once|since|if|when|after|until|over|under|more than|less than|at least|as|already|too|later|earlier|opened|worn|used|yet|now|any ?more|no longer)\b/i;
/** Words by which something is granted at another time than the one for which a rule denies it. */
const LATER = /\b(?:after|until|later|then|wait|once|from|by then)\b/i;
/** Terms of which one excludes the other. */
const OPPOSED: readonly (readonly [string, string])[] = [
  ["adult", "minor"],
  ["opened", "unopened"],
  ["assembled", "unassembled"],
  ["used", "unused"],
  ["cash", "card"],
];

/** True if a fact is on things in a state, opened or used, and the exchange only on things in the opposite one. */
function onTheOpposite({ terms }: Fact, named: ReadonlySet<string>): boolean {
  const excludes = (term: string, other: string): boolean =>
    terms.has(term) && !terms.has(other) && named.has(other) && !named.has(term);
  return (
    OPPOSED.some(([one, other]) => excludes(one, other) || excludes(other, one)) ||
    [...terms].some(
      (term) => excludes(term, `un${term}`) || (term.startsWith("un") && excludes(term, term.slice(2))),
    )
  );
}

/** The claim of an answer that a rule contradicts; of several, the one on the most relevant rule. */
export function wrongClaim(
  reading: Reading,
  facts: readonly RelevantFact[],
  cover: Coverage,
): PolicyContradiction | undefined {
  const { answer, turn } = reading.exchange;
  if (handsOver(answer)) return undefined;
  const claims = claimsOf(answer);
  const implied = impliedClaim(turn, answer);
  const all = implied === undefined ? claims : [...claims, implied];
  const context = { reading, claims, implied, all, stance: stanceOf(answer, turn), facts, cover };
  const found = facts
    .filter(({ fact }) => !passesOn(fact.clause.rule.text))
    .flatMap((at) =>
      COMPARATORS.flatMap(([how, compare]) => {
        const claim = compare(at, context);
        return claim === undefined ? [] : [{ ...at, claim, how }];
      }),
    )
    .sort((a, b) => b.relevance - a.relevance)[0];
  if (found === undefined) return undefined;
  const { rule } = found.fact.clause;
  return {
    rule,
    evidence: `${found.how} ${JSON.stringify(found.claim.text.trim())}, against ${rule.id} of the policy: ${JSON.stringify(rule.text)}`,
    confidence: "possible",
  };
}

const distinctive = (terms: ReadonlySet<string>): string[] =>
  [...terms].filter((term) => termWeight(term) === 1);

function statesOneOf(said: Statements, ruled: Statements): boolean {
  return [...said].some(
    ([key, values]) =>
      key !== "share" &&
      ruled.get(key)?.some((right) => right.value !== 0 && values.some((value) => sameValue(value, right))),
  );
}

/** The quantities by which a claim is made; those of the whole answer for a yes or no. */
const quantitiesOf = (claim: Claim, { implied, reading }: Answer): Statements =>
  claim === implied ? reading.said : claim.statements;

/** True if a rule about as relevant says what the claim says; `focus` is what the contradicted rule denies. */
function explained(
  claim: Claim,
  { fact: against, relevance: than }: RelevantFact,
  answer: Answer,
  focus?: ReadonlySet<string>,
): boolean {
  const { cover, reading, facts } = answer;
  // A rule on items with a name of their own, "as seen", goes before those on all items.
  const special = against.clause.name.size > 0 && cover(against.clause.name, reading.terms) === 1;
  if (focus !== undefined && special) return false;
  return facts.some(({ fact, relevance }) => {
    if (fact === against || fact.claim.negative !== claim.negative || relevance < than - BEHIND) return false;
    const { payer } = fact.claim;
    if (claim.payer !== undefined && payer !== undefined && claim.payer !== payer) return false;
    if (claim.every !== undefined && (fact.restricts || fact.partial)) return false;
    if (focus !== undefined && cover(focus, fact.terms) < 0.5) return false;
    const shared = [...claim.terms].filter((term) => against.terms.has(term));
    if (focus !== undefined && cover(shared, fact.terms) < 0.5) return false;
    const quoted =
      fact.clause.rule !== against.clause.rule &&
      statesOneOf(quantitiesOf(claim, answer), fact.clause.statements);
    const plainly = [...claim.terms].filter((term) => fact.terms.has(term)).length / claim.terms.size;
    return Math.max(cover(claim.terms, fact.terms), plainly) >= (quoted ? 0.2 : SHARE.claim);
  });
}

/** "You can leave it in cash" where the rule says "never taken in cash". */
const grantsForbidden: Comparator = (at, answer) => {
  const { fact, relevance } = at;
  const { clause, claim: rule } = fact;
  const { reading, claims, implied, all, stance, cover } = answer;
  if (!rule.negative || stance === "no") return undefined;
  if (onTheOpposite(fact, reading.terms)) return undefined;
  const exceptions = [...clause.exceptions].filter((term) => !fact.terms.has(term));
  if (cover(exceptions, reading.terms) >= SHARE.claim) return undefined;
  if (fact.condition.size > 0 && cover(fact.condition, reading.terms) < SHARE.condition) return undefined;
  const subject =
    fact.subjects.length === 0 ? 1 : Math.max(...fact.subjects.map((terms) => cover(terms, reading.terms)));
  const own = [...termsOf(rule.text)];
  for (const focus of fact.denied) {
    if (claims.some((claim) => claim.negative && [...focus].some((term) => claim.terms.has(term)))) continue;
    const wrong = all.find((claim) => {
      if (claim.negative || (rule.duty && !claim.duty)) return false;
      if (statesOneOf(quantitiesOf(claim, answer), clause.statements)) return false;
      if (rule.statements.has("day") && LATER.test(claim.text)) return false;
      if (focus.has(FREE) && !claim.terms.has(FREE)) return false;
      const share = cover(focus, claim.terms);
      if (share < SHARE.focus && !(share >= SHARE.half && subject >= SHARE.whole)) return false;
      const grants = claim.grants || claim === implied;
      // The claim is on this and little else, names all of it, or says yes to a question on it.
      const enough =
        (subject >= SHARE.subject && share * focus.size + (fact.subjects.length > 0 ? subject : 0) >= MASS) ||
        (grants && subject > 0 && cover(claim.terms, focus) >= SHARE.claim) ||
        (share >= SHARE.whole && focus.size > 2) ||
        (own.length > 1 && subject >= SHARE.subject && cover(own, claim.terms) >= SHARE.whole) ||
        (fact.passive && claim === implied && share >= SHARE.whole && relevance >= RELEVANT.quantity);
      return (
        enough &&
        (grants || focus.size > 1 || subject >= 0.75 || own.length > 1) &&
        !explained(claim, at, answer, focus)
      );
    });
    if (wrong !== undefined) return wrong;
  }
  return undefined;
};

/** "We don't bill VSP" where the rule says "We bill VSP directly"; "no proof needed" where it needs one. */
const deniesGranted: Comparator = (at, answer) => {
  const { fact } = at;
  const { clause, claim: rule } = fact;
  const { reading, claims, implied, facts, cover } = answer;
  const { turn, answer: text } = reading.exchange;
  // A bare no to a question on what the rule grants.
  const refusal =
    implied?.negative === true &&
    claims.every(({ negative }) => negative) &&
    rule.grants &&
    !REASON.test(text) &&
    !negates(turn) &&
    !asksForDuty(turn)
      ? [implied]
      : [];
  if (rule.negative || statesOneOf(reading.said, clause.rule.statements)) return undefined;
  const matter = Math.max(cover(fact.terms, reading.terms), cover(fact.core, reading.terms));
  return [...claims, ...refusal].find((claim) => {
    if (!claim.negative || /^\W*not\b/i.test(claim.text) || REASON.test(claim.text)) return false;
    if ((rule.duty || clause.required.size > 0) !== claim.duty) return false;
    const denied = distinctive(claim.terms).filter((term) => fact.terms.has(term));
    const predicate = termsOf(
      claim === implied ? claim.text : takesBack(claim.after) ? claim.before : claim.after,
    );
    if (denied.length === 0 || cover(predicate, fact.terms) < SHARE.fact) return false;
    const named = cover(claim.terms, fact.terms);
    const close = named >= SHARE.claim && matter >= (claim === implied ? SHARE.claim : SHARE.fact);
    if (!close && !(denied.length > 1 && named >= SHARE.fact && matter >= SHARE.claim)) return false;
    // Another rule has a limit or a condition for this, which may be why.
    const limited =
      !claim.duty &&
      facts.some(
        ({ fact: other, relevance }) =>
          other.clause.rule !== clause.rule &&
          denied.some((term) => other.terms.has(term)) &&
          ((relevance >= RELEVANT.named &&
            ((other.claim.negative &&
              (other.subjects.length === 0 ||
                other.subjects.some((terms) => cover(terms, reading.terms) > 0))) ||
              other.clause.conditional ||
              other.clause.required.size + other.clause.exceptions.size > 0)) ||
            (other.claim.negative &&
              other.subjects.some((terms) => cover(terms, reading.terms) >= SHARE.whole))),
      );
    return !limited && !explained(claim, at, answer);
  });
};

const EVERY_DAY = /\b(?:(?:on |at )?(?:every|any) day|seven days|all week)\b/i;
/** "On any day" where the rule says "from Monday to Thursday only". */
const lifts: Comparator = ({ fact, relevance }, { reading, claims, facts, cover }) => {
  const { clause } = fact;
  const about =
    relevance >= RELEVANT.elsewhere ||
    (clause.required.size > 0 && fact.subjects.some((terms) => cover(terms, reading.terms) >= SHARE.whole));
  if (!about || !fact.restricts) return undefined;
  const days = weekdaysOf(clause.text).size;
  const anyDay = claims.find(
    ({ text, terms, negative }) =>
      !negative &&
      EVERY_DAY.test(text) &&
      fact.subjects.some((subject) => cover(subject, terms) >= SHARE.whole),
  );
  if (days > 0 && days < 7 && anyDay !== undefined) return anyDay;
  if (statesOneOf(reading.said, clause.rule.statements)) return undefined;
  // The answer also says what the clause says.
  if (claims.some((claim) => claim.every === undefined && cover(fact.terms, claim.terms) >= 0.8))
    return undefined;
  return claims.find(({ every, negative, terms, statements }) => {
    if (every === undefined || negative || cover(terms, clause.terms) < SHARE.fact) return false;
    if (![fact.terms, ...fact.subjects].some((named) => [...terms].some((term) => named.has(term))))
      return false;
    // A claim with a limit of its own, "every device has at least 80 %", lifts none.
    if ([...statements.values()].flat().some(({ role }) => role === "threshold")) return false;
    const kept = cover(clause.required, terms) >= 0.5;
    const excepted = claims.some(
      (other) => other.negative && fact.denied.some((alt) => [...alt].some((term) => other.terms.has(term))),
    );
    const ruled = facts.some(
      ({ fact: other }) =>
        other.claim.text.toLowerCase().includes(every.toLowerCase()) && cover(terms, other.terms) >= 0.5,
    );
    return !kept && !excepted && !ruled;
  });
};

/** A yes to somebody who is the opposite of what a rule asks for: to a minor where it says "adults only". */
const waives: Comparator = ({ fact: { clause } }, { reading, claims, implied, stance, cover }) => {
  if (clause.required.size === 0 || stance !== "yes") return undefined;
  const met = [...clause.required].some((term) => claims.some(({ terms }) => terms.has(term)));
  const opposed = OPPOSED.some((pair) =>
    pair.some((term, i) => clause.required.has(term) && reading.terms.has(pair[1 - i]!)),
  );
  if (met || !opposed || cover(clause.matter.keys(), reading.terms) < SHARE.fact) return undefined;
  return implied ?? claims[0];
};

/** "Worn or not" where the rule says "unworn". */
const eitherWay: Comparator = ({ fact, relevance }, { claims }) => {
  if (relevance < RELEVANT.elsewhere) return undefined;
  return claims.find(({ text }) => {
    const states = termsOf(/\b([\p{L}-]+),? or (?:not|un[\p{L}]+)\b/iu.exec(text)?.[1] ?? "");
    return [...states].some((state) => {
      const opposite = OPPOSED.find((pair) => pair.includes(state))?.find((term) => term !== state);
      return !fact.terms.has(state) && (fact.terms.has(opposite ?? "") || fact.terms.has(`un${state}`));
    });
  });
};

/** "An open wound is no problem" where the rule keeps people with open wounds out of something. */
const finds =
  /\b(?:is|are|['’]s|['’]re) (?:fine|ok(?:ay)?|all right|(?:always |very )?welcome|allowed|no (?:problem|issue|obstacle|trouble))\b/i;
const allowsSubject: Comparator = (at, answer) => {
  const { fact } = at;
  const { claims, reading, cover } = answer;
  if (!fact.claim.negative || onTheOpposite(fact, reading.terms)) return undefined;
  // "People with open wounds": the wounds too.
  const marked = termsOf(/\bwith ([^,]*?)(?: may| can| must|$)/i.exec(fact.claim.before)?.[1] ?? "");
  const subjects = marked.size > 0 ? [...fact.subjects, marked] : fact.subjects;
  return claims.find(
    (claim) =>
      !claim.negative &&
      finds.test(claim.text) &&
      subjects.some(
        (terms) =>
          distinctive(terms).length > 1 &&
          cover(terms, claim.terms) >= 0.8 &&
          cover(claim.terms, terms) >= 0.8,
      ) &&
      !explained(claim, at, answer),
  );
};

/** Verbs by which a clause gives its subject a price. */
const CHARGED =
  /\b(?:always|each|also|carry|carries|costs?|is|are|has|have|bears?|incurs?|pays?|comes?|needs?|adds?)\b/i;

/** "Free" where a rule has a price for it. */
const givesFree: Comparator = ({ fact: { clause } }, { reading, all, facts, cover }) => {
  const price = clause.statements.get("money")?.find(({ value, role }) => value !== 0 && role === "plain");
  const said = (reading.said.get("money") ?? []).filter(({ role }) => role !== "threshold");
  if (price === undefined || clause.conditional || said.length === 0 || said.some(({ value }) => value !== 0))
    return undefined;
  const priced = alternatives(clause.text.slice(0, clause.text.indexOf(price.words)).split(CHARGED)[0]!);
  return all.find(({ negative, statements, terms }) => {
    if (negative || statements.get("money")?.some(({ value }) => value === 0) !== true) return false;
    const thing = priced.find((alt) => {
      const first = distinctive(alt)[0];
      if (first === undefined || !terms.has(first)) return false;
      // "Lost cards are free" says nothing that the clause on lost membership cards does not name.
      const same =
        distinctive(terms).length > 1 && distinctive(terms).every((term) => clause.terms.has(term));
      return priced.length > 1 || same || cover(alt, terms) >= 0.75;
    });
    const alsoFree = facts.some(
      ({ fact: other }) =>
        other.clause.statements.get("money")?.some(({ value }) => value === 0) &&
        cover(thing ?? [], other.clause.terms) >= 0.5,
    );
    return thing !== undefined && !alsoFree;
  });
};

/** "At our expense" where the rule says that the customer pays, and the other way round. */
const chargesOther: Comparator = (at, answer) => {
  const { claim: rule, clause } = at.fact;
  const { reading, claims, cover } = answer;
  if (rule.payer === undefined || claims.some(({ payer }) => payer === rule.payer)) return undefined;
  if (statesOneOf(reading.said, clause.statements)) return undefined;
  return claims.find((claim) => {
    if (claim.payer === undefined) return false;
    const names = alternatives(rule.text).some(
      (alt) => distinctive(alt).length > 0 && cover(alt, claim.terms) === 1,
    );
    return (names || at.relevance >= RELEVANT.quantity) && !explained(claim, at, answer);
  });
};

const COMPARATORS: readonly (readonly [how: string, compare: Comparator])[] = [
  ["says", grantsForbidden],
  ["denies", deniesGranted],
  ["says", allowsSubject],
  ["says", lifts],
  ["says", eitherWay],
  ["allows", waives],
  ["allows", tooYoung],
  ["allows", outsideHours],
  ["says", givesFree],
  ["says", chargesOther],
];
