import type { Embedder } from "../../embed/embedder.ts";
import type { TrainingRow } from "../rows.ts";
import { asked, type Exchange, exchangesOf } from "./exchanges.ts";
import { type Place, type Proposal, placeOf, similarityOf } from "./finding.ts";
import type { PolicyText } from "./policy.ts";
import { againstPolicy } from "./policy-conflict.ts";
import { NEAR, nearPairsWithin } from "./shingles.ts";
import { contradiction, type Statements, sameValue, statementsOf } from "./statements.ts";

/** Two exchanges whose customers ask nearly the same, with answers that cannot both be right. */
interface Conflict {
  readonly suspect: Exchange;
  readonly other: Exchange;
  readonly similarity: number;
  readonly reason: string;
}

/**
 * Rows whose answer contradicts the policy, or that of a row with nearly the same question; of two, the one that the policy or
 * fewer others support, else the later.
 * @param embedder says which rules an answer without a rule of its own is about
 */
export function conflicts(rows: readonly TrainingRow[], policy: PolicyText, embedder: Embedder): Proposal[] {
  const overruled = againstPolicy(rows, policy, embedder);
  const exchanges = rows.flatMap(exchangesOf);
  const questions = exchanges.map(asked);
  const near = nearPairsWithin(questions, NEAR).filter(
    ({ left, right }) => exchanges[left]!.row !== exchanges[right]!.row,
  );
  const statements = exchanges.map(({ answer }) => statementsOf(answer));
  const about = exchanges.map(({ question }) => statementsOf(question));
  const neighbours = new Map<number, number[]>();
  for (const { left, right } of near) {
    neighbours.set(left, [...(neighbours.get(left) ?? []), right]);
    neighbours.set(right, [...(neighbours.get(right) ?? []), left]);
  }
  const found = new Map<TrainingRow, Conflict>();
  for (const { left, right, similarity } of near) {
    const [later, earlier] = [exchanges[left]!, exchanges[right]!];
    // Questions about different amounts or dates may well have different answers.
    if (contradiction(about[left]!, about[right]!) !== undefined) continue;
    const clash = clashOf(later, earlier, statements[left]!, statements[right]!);
    if (clash === undefined) continue;
    const support = (at: number, agrees: Clash["agreesLeft"]) => {
      const peers = [...(neighbours.get(left) ?? []), ...(neighbours.get(right) ?? [])];
      const count = (which: Iterable<number>) =>
        [...new Set(which)].filter((i) => i !== at && agrees(exchanges[i]!, statements[i]!)).length;
      return [count(peers), count(exchanges.keys())] as const;
    };
    const [a, b] = [support(left, clash.agreesLeft), support(right, clash.agreesRight)];
    const laterIsSuspect = overruled.has(earlier.row)
      ? overruled.has(later.row)
      : overruled.has(later.row) || a[0] < b[0] || (a[0] === b[0] && a[1] <= b[1]);
    const [suspect, other] = laterIsSuspect ? [later, earlier] : [earlier, later];
    const known = found.get(suspect.row);
    if (known !== undefined && known.similarity >= similarity) continue;
    const words = laterIsSuspect ? clash.words : ([clash.words[1], clash.words[0]] as const);
    found.set(suspect.row, {
      suspect,
      other,
      similarity,
      reason: `${words[0]}, ${placeOf(other.row)} ${words[1]}`,
    });
  }
  return rows.flatMap((row): Proposal[] => {
    const [pair, rule] = [found.get(row), overruled.get(row)];
    if (pair === undefined && rule === undefined) return [];
    const other: Place = pair?.other.row ?? rule!.rule;
    return [
      {
        kind: "conflict",
        file: row.file,
        line: row.line,
        other: { file: other.file, line: other.line },
        ...(pair !== undefined && { similarity: similarityOf(pair.similarity) }),
        evidence: [rule?.evidence, pair && `to nearly the same question it says ${pair.reason}`]
          .filter((text) => text !== undefined)
          .join("; "),
        severity: "error",
        action: "drop",
      },
    ];
  });
}

interface Clash {
  /** What each of both says. */
  readonly words: readonly [string, string];
  /** Whether another exchange says what the left one, or the right one, says. */
  readonly agreesLeft: (exchange: Exchange, statements: Statements) => boolean;
  readonly agreesRight: (exchange: Exchange, statements: Statements) => boolean;
}

function clashOf(a: Exchange, b: Exchange, left: Statements, right: Statements): Clash | undefined {
  if ("text" in a.row.content || "text" in b.row.content) {
    if (a.answer === b.answer) return undefined;
    return {
      words: [a.answer, b.answer],
      agreesLeft: ({ answer }) => answer === a.answer,
      agreesRight: ({ answer }) => answer === b.answer,
    };
  }
  const clash = contradiction(left, right);
  if (clash === undefined) return undefined;
  const agrees = (side: "left" | "right") => (_: Exchange, statements: Statements) =>
    statements.get(clash.key)?.some(({ value }) => sameValue(value, clash[side].value)) ?? false;
  return {
    words: [JSON.stringify(clash.left.words), JSON.stringify(clash.right.words)],
    agreesLeft: agrees("left"),
    agreesRight: agrees("right"),
  };
}
