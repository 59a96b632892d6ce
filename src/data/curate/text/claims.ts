import { type Stance, sentences, stanceOf } from "./stance.ts";
import { type Statements, statementsOf } from "./statements.ts";
import { termList, termsOf } from "./terms.ts";

/** Who bears a cost. */
export type Payer = "shop" | "customer";

/** One clause of a text, as far as it can agree or disagree with another. */
export interface Claim {
  readonly text: string;
  readonly terms: ReadonlySet<string>;
  /** True if the clause denies, forbids or refuses. */
  readonly negative: boolean;
  /** For a negative clause: the text before the negation, and after it. */
  readonly before: string;
  readonly after: string;
  /** True if the clause is on a duty: "must", "has to", "is required", or the lack of one. */
  readonly duty: boolean;
  /** True if the clause grants: "can", "is fine", "is enough". */
  readonly grants: boolean;
  /** The word by which it holds for all: "any", "always", "as often as". */
  readonly every: string | undefined;
  readonly payer: Payer | undefined;
  readonly statements: Statements;
}

/** Wordings with a negative or a duty of their own, in plain words; so that two texts are compared by one negation. */
const PLAIN: readonly (readonly [RegExp, string])[] = [
  [/\bor not\b/gi, "regardless"],
  [/\b(?:never|cannot|may not|must not|not|can't)\b([^.;,]*)\bwithout\b/gi, "must$1with"],
  [/\b(?:no|not a|not any) (?:problem|worries|bother|trouble|matter|issue)\b|\bdon['’]t worry\b/gi, "fine"],
  [/\b(?:not (?:just|only|until|before|later than|more than|less than))\b/gi, "only"],
  [
    /\b(?:free of charge|at no (?:extra )?(?:charge|cost)|(?:no|without(?: an?)?) (?:extra )?(?:charge|fee|cost)s?)\b/gi,
    "free",
  ],
  [
    /\b(?:nothing (?:is charged|to pay|extra)|(?:pay|costs?|charged?) (?:you )?nothing|not (?:a penny|a cent))\b/gi,
    "free",
  ],
  [
    /\b(?:do(?:es)? not|don['’]?t|doesn['’]?t|need not|needn['’]?t) (?:have|need)? ?(?:to|an?|any)\b|\bno need (?:to|for)\b|\b(?:is|are)(?: not|n['’]t) (?:needed|required|necessary|compulsory)\b|\b(?:optional|voluntary|(?:is |are )?(?:entirely |completely )?(?:up to you|your (?:own )?(?:choice|decision)))\b|\b(?:do(?:es)? not|don['’]?t|doesn['’]?t) (?:need|require)\b/gi,
    "not must",
  ],
  [/\bneeds? no\b/gi, "not must"],
  [/\bno ([\w ]{2,25}?) (?:is |are )?(?:needed|required|necessary)\b/gi, "not must $1"],
  [/, ([\p{L} ]{2,30}?) (?:excepted|excluded)\b/giu, ", not $1"],
  [/\b(?:compulsory|mandatory|obligatory|required|requires?|necessary)\b/gi, "must"],
  [/\b(?:ha(?:s|ve) to|needs? to|needs?)\b/gi, "must"],
  [/\b(?:forbidden|prohibited|banned|barred)\b/gi, "not allowed"],
  [/\bexcluded\b/gi, "not included"],
  [/\b(?:closed|shut)\b(?! to\b)/gi, "not open"],
  [/\bclosed to\b/gi, "not for"],
  [/\brefuses?d?\b/gi, "not accepted"],
  [/\b(?:final sale|final)\b/gi, "not returned"],
];

const NEGATION =
  /\b(?:no|not|never|none|neither|nobody|nothing|cannot|without|nor|(?<!the )outside|except\w*|unless|excluding)\b|\b\w+n['’]t\b|\b(?:cant|dont|doesnt|wont|isnt|arent)\b/i;
const DUTY = /\bmust\b(?! (?:not|never|no)\b)/i;
const GRANTS =
  /\b(?:can|may|could|fine|ok(?:ay)?|possible|enough|sufficient|accept\w*|welcome|allowed|gladly|sure|yes|of course|certainly|free|works?|will do|entitled?|included?|covers?|covered)\b/i;
const EVERY =
  /\b(?:any(?:one|body|thing|where|time)?(?! (?:more|longer|other way))|every(?:one|body|thing|where)?|(?<!at |that's |is |in )all(?! (?:we|you|i|the same|right|in all)\b)|always|whatever|wherever|whenever|as (?:often|many|much) as|no matter|regardless|around the clock|24\/7|day and night|unlimited|or not)\b/i;
const SHOP_PAYS =
  /\b(?:(?:is|are|gets?|will be|can be) (?:replaced|repaired|mended|refunded)(?! (?:for|at|by you|less|once))|on us|on the house|our (?:own )?(?:treat|expense|cost)|we (?:pay|bear|cover)\b(?! (?:no|not|you|out|back|by|with)))/i;
const CUSTOMER_PAYS =
  /\b(?:(?:charged|billed|invoiced) to (?:you|the|your)|you(?:['’]d| would| will|['’]ll)? (?:(?:have to|must) )?(?:pay|bear)|at (?:your|the \w+['’]s?) (?:own )?(?:cost|expense)|the \w+ (?:pays?|bears?)\b|(?:is|are) the \w+['’]s? (?:to|own)\b|your own (?:loss|cost)|(?:\w+s) (?:pay|bear) (?:for|the)\b)/i;

const CLAUSE_END =
  /[;:]\s|,? but |, (?:so|and|yet|while|whereas|though)? ?(?=(?:you|we|they|it|he|she|the|that|this|there|a|an|no|not|never|or not|as often)\b)| – | - |, (?=(?:please|just|make|send|bring|take|keep|give)\b)| and (?=(?:cannot|not|never|\w+n't)\b)/;

export function plain(text: string): string {
  let words = text.replaceAll("’", "'");
  for (const [pattern, by] of PLAIN) words = words.replace(pattern, by);
  return words;
}

/** Subordinate clauses, whose negation is not that of the clause: "refund if we cannot repair", "who does not turn up pays". */
const SUBORDINATE =
  /\b(?:if|when|whenever|once|as long as|because|since|who|whose|which|where|(?<=\w )that (?=(?:is|are|was|were|do|does|did|has|have)\b))\b[^,;]*/gi;

/** What qualifies a subject: "sunglasses without prescription can be brought back". */
export const QUALIFIED = /\bwithout (?:\w+ ){1,3}(?=(?:can|may|are|is|will|must)\b)/gi;
const blanked = (part: string): string => " ".repeat(part.length);

export function claimOf(text: string): Claim {
  const words = plain(text);
  const negation = NEGATION.exec(words.replace(SUBORDINATE, blanked).replace(QUALIFIED, blanked));
  return {
    text,
    terms: termsOf(words),
    negative: negation !== null,
    before: negation === null ? words : words.slice(0, negation.index),
    after: negation === null ? "" : words.slice(negation.index + negation[0].length),
    duty: DUTY.test(words),
    grants: GRANTS.test(words),
    every: EVERY.exec(words)?.[0],
    payer: payerOf(words),
    statements: statementsOf(text),
  };
}

function payerOf(words: string): Payer | undefined {
  const [shop, customer] = [SHOP_PAYS.test(words), CUSTOMER_PAYS.test(words)];
  return shop === customer ? undefined : shop ? "shop" : "customer";
}

/** What is said by a yes or no alone, apart from its own words. */
const LEAD =
  /^\W*(?:(?:yes|no|yep|nope|of course|sure|certainly|absolutely|gladly|correct|right|sorry|nothing(?=[,.!])|i['’]m (?:sorry|afraid)|unfortunately|no problem|not a problem|not quite|not really|not at all)\b[\s,.!:-]*)+/i;

/** The clauses of an answer. */
export function claimsOf(answer: string): Claim[] {
  return sentences(answer)
    .flatMap((sentence) => {
      const parts = sentence
        .replace(LEAD, "")
        .split(CLAUSE_END)
        .filter((part) => /\p{L}/u.test(part));
      // What precedes a comma in two words, "worn outdoors, they cannot be returned", claims nothing by itself.
      return parts.length === 1 ? parts : parts.filter((part) => part.trim().split(/\s+/).length > 2);
    })
    .map(claimOf);
}

/** What a yes or no to a question claims; undefined if the answer takes no stance. */
export function impliedClaim(turn: string, answer: string): Claim | undefined {
  const stance: Stance | undefined = stanceOf(answer, turn);
  if (stance === undefined) return undefined;
  const asked = sentences(turn).filter((sentence) =>
    /\?|^\W*(?:can|could|may|do|does|is|are|will|must|should) /i.test(sentence),
  );
  if (
    asked.length === 0 ||
    asked.every((s) => /^\W*(?:and |so |but )?(?:who|whom|whose|what|which|when|where|why|how)\b/i.test(s))
  )
    return undefined;
  const claim = claimOf(asked.join(" "));
  return { ...claim, negative: stance === "no", grants: stance === "yes" };
}

/** Alternatives that a list names, as sets of the terms that say which: "cash or cheques". Empty for a text without such terms. */
export function alternatives(text: string): ReadonlySet<string>[] {
  return text
    .split(/[,;()]\s*(?:and |or |nor )?| (?:and|or|nor) /)
    .map((part) => new Set(termList(part)))
    .filter((terms) => terms.size > 0);
}
