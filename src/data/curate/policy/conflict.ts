import type { TrainingRow } from "../../row-format.ts";
import { type Place, type Proposal, placeOf, similarityOf } from "../finding.ts";
import { asked, type Exchange, exchangesOf } from "../text/exchanges.ts";
import { handsOver } from "../text/hand-over.ts";
import { numbersIn } from "../text/numbers.ts";
import { NEAR, nearPairsWithin } from "../text/shingles.ts";
import { asksForDuty, asksWhether, negates, type Stance, stanceOf } from "../text/stance.ts";
import {
  contradiction,
  type Statement,
  type Statements,
  sameValue,
  statementsOf,
} from "../text/statements.ts";
import { termsOf, termWeight } from "../text/terms.ts";
import type { PolicyText, RuleText } from "./policy.ts";
import { againstPolicy } from "./policy-conflict.ts";
import { rarity } from "./relevance.ts";

/** Two exchanges whose customers ask nearly the same, with answers that cannot both be right. */
interface Conflict {
  readonly other: Exchange;
  readonly similarity: number;
  readonly reason: string;
  /** True if more rows, or the policy, support the other. */
  readonly outvoted: boolean;
}

interface Side extends Exchange {
  readonly terms: ReadonlySet<string>;
  readonly turnTerms: ReadonlySet<string>;
  readonly about: Statements;
  readonly said: Statements;
}

/** A text with a label states nothing that another could contradict but its label. */
const LABELLED = {
  terms: new Set<string>(),
  turnTerms: new Set<string>(),
  about: new Map(),
  said: new Map(),
};

function read({ question, turn, answer }: Exchange): Omit<Side, keyof Exchange> {
  return {
    terms: termsOf(question),
    turnTerms: termsOf(turn),
    about: statementsOf(question),
    said: statementsOf(answer),
  };
}

/** Weighted Jaccard similarity of two questions' terms from which on they ask the same. */
const SAME_QUESTION = 0.7;
/** The same where one question has all terms of the other. */
const SAME_WITHIN = 0.45;

/**
 * Rows whose answer contradicts the policy, or that of a row with nearly the same question. Of two, the one is named that the
 * policy or fewer others support; where neither tells, the later, for a person to judge.
 */
export function conflicts(rows: readonly TrainingRow[], policy: PolicyText): Proposal[] {
  const { against: overruled, upheld } = againstPolicy(rows, policy);
  const sides = rows.flatMap(exchangesOf).map(
    (exchange): Side => ({
      ...exchange,
      ...("text" in exchange.row.content ? LABELLED : read(exchange)),
    }),
  );
  const near = sameQuestions(sides);
  const neighbours = new Map<number, number[]>();
  for (const { left, right } of near) {
    neighbours.set(left, [...(neighbours.get(left) ?? []), right]);
    neighbours.set(right, [...(neighbours.get(right) ?? []), left]);
  }
  const found = new Map<TrainingRow, Conflict>();
  for (const { left, right, similarity, within } of near) {
    const [later, earlier] = [sides[left]!, sides[right]!];
    const clash = clashOf(later, earlier, within);
    if (clash === undefined) continue;
    // "How does it work?" and "can I leave?" may each get another quantity of one rule.
    const another = asksWhether(later.turn) !== asksWhether(earlier.turn);
    if (another && policy.some((rule) => clash.statements?.every((s) => states(rule, s)) === true)) continue;
    const support = (at: number, agrees: (side: Side) => boolean): number =>
      [...new Set([...(neighbours.get(left) ?? []), ...(neighbours.get(right) ?? [])])].filter(
        (i) => i !== at && agrees(sides[i]!),
      ).length;
    const [a, b] = [support(left, clash.agreesLeft), support(right, clash.agreesRight)];
    // A rarer label is the likelier mistake; yes or no elsewhere says nothing here.
    const everywhere = (agrees: (side: Side) => boolean): number =>
      "text" in later.row.content ? sides.filter(agrees).length : 0;
    // 1: against the policy; -1: with it.
    const [ruledLeft, ruledRight] = [later, earlier].map(
      ({ row }) => Number(overruled.has(row)) - Number(upheld.has(row) && !overruled.has(row)),
    ) as [number, number];
    const laterIsSuspect =
      ruledLeft !== ruledRight
        ? ruledLeft > ruledRight
        : a !== b
          ? a < b
          : everywhere(clash.agreesLeft) <= everywhere(clash.agreesRight);
    const [suspect, other] = laterIsSuspect ? [later, earlier] : [earlier, later];
    const known = found.get(suspect.row);
    if (known !== undefined && known.similarity >= similarity) continue;
    const words = laterIsSuspect ? clash.words : ([clash.words[1], clash.words[0]] as const);
    found.set(suspect.row, {
      other,
      similarity,
      reason: `says ${words[0]} where ${placeOf(other.row)} says ${words[1]} to nearly the same question`,
      outvoted: ruledLeft !== ruledRight || a !== b,
    });
  }
  return rows.flatMap((row): Proposal[] => {
    const [pair, ruling] = [found.get(row), overruled.get(row)];
    if (pair === undefined && ruling === undefined) return [];
    const other: Place = pair?.other.row ?? ruling!.rule;
    return [
      {
        kind: "conflict",
        file: row.file,
        line: row.line,
        other: { file: other.file, line: other.line },
        ...(pair !== undefined && { similarity: similarityOf(pair.similarity) }),
        ...(ruling !== undefined && { rule: ruling.rule.id }),
        evidence: [ruling?.evidence, pair?.reason].filter((text) => text !== undefined).join("; "),
        severity: pair === undefined && ruling?.confidence === "possible" ? "warning" : "error",
        action: ruling !== undefined || pair?.outvoted ? "drop" : "review",
        sure: ruling?.confidence === "sure",
      },
    ];
  });
}

interface SidePair {
  readonly left: number;
  readonly right: number;
  readonly similarity: number;
  /** True if one question only has all terms of the other: it may ask for something more, so that quantities may differ. */
  readonly within: boolean;
}

/** Pairs of exchanges of different rows that ask the same, in nearly the same words or by the same terms. */
function sameQuestions(sides: readonly Side[]): SidePair[] {
  const pairs = new Map<string, SidePair>();
  for (const pair of nearPairsWithin(sides.map(asked), NEAR))
    pairs.set(`${pair.left} ${pair.right}`, { ...pair, within: false });
  const chats = [...sides.keys()].filter((i) => !("text" in sides[i]!.row.content));
  const weight = rarity(chats.map((i) => sides[i]!.terms));
  const mass = (terms: Iterable<string>): number => {
    let sum = 0;
    for (const term of terms) sum += weight(term);
    return sum;
  };
  const masses = new Map(chats.map((i) => [i, mass(sides[i]!.terms)]));
  const holders = new Map<string, number[]>();
  for (const left of chats) {
    const shared = new Map<number, number>();
    for (const term of sides[left]!.terms) {
      const list = holders.get(term) ?? [];
      for (const right of list) shared.set(right, (shared.get(right) ?? 0) + weight(term));
      holders.set(term, [...list, left]);
    }
    for (const [right, common] of shared) {
      const smaller = Math.min(masses.get(left)!, masses.get(right)!);
      const similarity = common / (masses.get(left)! + masses.get(right)! - common);
      const within = common >= smaller * 0.999 && similarity >= SAME_WITHIN;
      if (similarity < SAME_QUESTION && !within) continue;
      const key = `${left} ${right}`;
      if (!pairs.has(key)) pairs.set(key, { left, right, similarity, within: similarity < SAME_QUESTION });
    }
  }
  return [...pairs.values()].filter(({ left, right }) => sides[left]!.row !== sides[right]!.row);
}

interface Clash {
  /** What each of both says. */
  readonly words: readonly [string, string];
  /** The quantities that differ. */
  readonly statements?: readonly ({ readonly key: string } & Statement)[];
  /** Whether another exchange says what the left one, or the right one, says. */
  readonly agreesLeft: (side: Side) => boolean;
  readonly agreesRight: (side: Side) => boolean;
}

function states({ statements }: RuleText, { key, ...said }: { readonly key: string } & Statement): boolean {
  return statements.get(key)?.some((ruled) => sameValue(said, ruled)) === true;
}

function clashOf(a: Side, b: Side, within: boolean): Clash | undefined {
  if ("text" in a.row.content || "text" in b.row.content) {
    if (a.answer === b.answer) return undefined;
    return {
      words: [a.answer, b.answer],
      agreesLeft: ({ answer }) => answer === a.answer,
      agreesRight: ({ answer }) => answer === b.answer,
    };
  }
  // Questions about different amounts or dates may have different answers.
  if (contradiction(a.about, b.about) !== undefined || numbers(a.question) !== numbers(b.question))
    return undefined;
  // The same conversation in another order ends with another question.
  const shared = [...a.turnTerms].filter((term) => b.turnTerms.has(term)).length;
  if (shared * 2 < Math.max(a.turnTerms.size, b.turnTerms.size)) return undefined;
  const clash = within ? undefined : contradiction(a.said, b.said);
  if (clash !== undefined) {
    const agrees = (own: "left" | "right") => (side: Side) =>
      side.said.get(clash.key)?.some((value) => sameValue(value, clash[own])) ?? false;
    return {
      words: [JSON.stringify(clash.left.words), JSON.stringify(clash.right.words)],
      statements: [clash.left, clash.right].map((statement) => ({ key: clash.key, ...statement })),
      agreesLeft: agrees("left"),
      agreesRight: agrees("right"),
    };
  }
  const [counted, other] = [loneNumber(a.answer), loneNumber(b.answer)];
  if (
    !within &&
    counted !== undefined &&
    other !== undefined &&
    counted !== other &&
    !asksForAnother(a, b) &&
    /\bhow (?:many|much|long|big|far|old|high|wide|tall)\b/i.test(a.question)
  ) {
    return {
      words: [String(counted), String(other)],
      agreesLeft: ({ answer }) => loneNumber(answer) === counted,
      agreesRight: ({ answer }) => loneNumber(answer) === other,
    };
  }
  const opposed = within
    ? undefined
    : OPPOSITES.find((pair) => sideOf(pair, a.answer) * sideOf(pair, b.answer) === -1);
  if (opposed !== undefined) {
    const side = sideOf(opposed, a.answer);
    const words = (answer: string): string => (opposed[0].exec(answer) ?? opposed[1].exec(answer))![0];
    return {
      words: [JSON.stringify(words(a.answer)), JSON.stringify(words(b.answer))],
      agreesLeft: ({ answer }) => sideOf(opposed, answer) === side,
      agreesRight: ({ answer }) => sideOf(opposed, answer) === -side,
    };
  }
  if (!(asksWhether(a.question) || elliptic(a.turn)) || !(asksWhether(b.question) || elliptic(b.turn)))
    return undefined;
  if (asksForDuty(a.question) !== asksForDuty(b.question) || negates(a.question) !== negates(b.question))
    return undefined;
  const [left, right] = [impliedStance(a), impliedStance(b)];
  if (within || left === undefined || right === undefined || left === right) return undefined;
  return {
    words: [left, right],
    agreesLeft: (side) => impliedStance(side) === left,
    agreesRight: (side) => impliedStance(side) === right,
  };
}

/** True if each question names something that the other does not: how far apart are tulips, and dahlias? */
function asksForAnother(a: Side, b: Side): boolean {
  const own = (x: Side, y: Side): boolean =>
    [...x.terms].some((term) => termWeight(term) === 1 && !y.terms.has(term));
  return own(a, b) && own(b, a);
}

/** True for a question without a verb to open it, "refund?", that is not on who, what or how. */
function elliptic(turn: string): boolean {
  return /\?/.test(turn) && !/\b(?:who|whom|whose|what|which|when|where|why|how)\b/i.test(turn);
}

/** Two answers to one question of which one says only the first and the other only the second contradict each other. */
const OPPOSITES: readonly (readonly [RegExp, RegExp])[] = [
  [/\b(?:up|larger|bigger)\b/i, /\b(?:down|smaller)\b/i],
  [/\b(?:before|earlier)\b/i, /\b(?:after|later)\b/i],
];

/** 1 for the first word, -1 for the second, 0 for both or neither. */
function sideOf([first, second]: readonly [RegExp, RegExp], answer: string): number {
  return Number(first.test(answer)) - Number(second.test(answer));
}

/** An answer that neither negates nor hands over says yes by answering at all. */
function impliedStance({ answer, turn }: Side): Stance | undefined {
  return stanceOf(answer, turn) ?? (negates(answer) || handsOver(answer) ? undefined : "yes");
}

/** The only number of an answer, whatever it counts. */
function loneNumber(answer: string): number | undefined {
  const [first, ...others] = new Set(numbersIn(answer));
  return others.length === 0 ? first : undefined;
}

const numbers = (text: string): string => numbersIn(text).sort().join(" ");
