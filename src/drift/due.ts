import { EXIT } from "../errors.ts";
import type { PolicyRule } from "../task/policy.ts";
import type { Retrain } from "../task/schema.ts";
import type { DriftResult } from "./result.ts";

/** A rule that changed since the training. */
export interface PolicyChange {
  readonly rule: string;
  readonly change: "added" | "removed" | "changed";
  /** Its text, with "(critical)" where it is; null where there is none. */
  readonly before: string | null;
  readonly after: string | null;
}

export interface DueReason {
  readonly about: "age" | "policy" | "drift";
  /** Null: cannot say. */
  readonly due: boolean | null;
  readonly text: string;
}

/** Answer to whether to train again, with reasons. */
export interface DueAnswer {
  readonly outcome: "due" | "not due" | "cannot say";
  readonly exitCode: number;
  readonly reasons: readonly DueReason[];
  readonly ageDays: number;
  readonly newQueries: number | null;
  readonly policyChanges: readonly PolicyChange[];
  readonly drift: DriftResult | null;
}

const wording = (rule: PolicyRule | undefined): string | null =>
  rule === undefined ? null : `${rule.critical ? "(critical) " : ""}${rule.text}`;

/** By id, in the order of the newer policy; removed rules last. */
export function policyChanges(before: readonly PolicyRule[], after: readonly PolicyRule[]): PolicyChange[] {
  const [old, now] = [before, after].map((rules) => new Map(rules.map((rule) => [rule.id, rule])));
  return [...new Set([...now!.keys(), ...old!.keys()])].flatMap((rule) => {
    const texts = { before: wording(old!.get(rule)), after: wording(now!.get(rule)) };
    if (texts.before === texts.after) return [];
    const change = texts.before === null ? "added" : texts.after === null ? "removed" : "changed";
    return [{ rule, change, ...texts } as const];
  });
}

export interface DueEvidence {
  readonly retrain: Retrain;
  readonly ageDays: number;
  readonly policyChanges: readonly PolicyChange[];
  /** Number of queries in the given log, or in the last comparison; null without either. */
  readonly newQueries: number | null;
  /** Result for the given log, or the last comparison where the log has too few queries; null without either. */
  readonly drift: DriftResult | null;
}

/** Joins what is known into one answer. Age alone makes nothing due unless the task sets max_age_days. */
export function decideDue(evidence: DueEvidence): DueAnswer {
  const reasons = [ageReason(evidence), policyReason(evidence), driftReason(evidence)];
  const outcome = reasons.some(({ due }) => due === true)
    ? "due"
    : reasons.some(({ due }) => due === null)
      ? "cannot say"
      : "not due";
  const exitCode = { due: EXIT.failed, "not due": EXIT.done, "cannot say": EXIT.inconclusive }[outcome];
  const { retrain: _, ...known } = evidence;
  return { outcome, exitCode, reasons, ...known };
}

function ageReason({ retrain, ageDays }: DueEvidence): DueReason {
  const most = retrain.max_age_days;
  const age = `trained ${ageDays.toFixed(ageDays < 10 ? 1 : 0)} days ago`;
  if (most === undefined) return { about: "age", due: false, text: `${age}; no max_age_days is set` };
  return { about: "age", due: ageDays > most, text: `${age}; max_age_days is ${most}` };
}

function policyReason({ retrain, policyChanges }: DueEvidence): DueReason {
  if (policyChanges.length === 0) return { about: "policy", due: false, text: "no rule has changed" };
  const named = policyChanges.map(({ rule, change }) => `${rule} ${change}`).join(", ");
  const ignored = retrain.on_policy_change ? "" : "; on_policy_change is off";
  return { about: "policy", due: retrain.on_policy_change, text: `${named}${ignored}` };
}

function driftReason({ retrain, newQueries, drift }: DueEvidence): DueReason {
  const reason = (due: boolean | null, text: string): DueReason => ({
    about: "drift",
    due: retrain.on_drift ? due : false,
    text: retrain.on_drift ? text : `${text}; on_drift is off`,
  });
  if (newQueries === null) return reason(null, "no new queries were given, and none were compared before");
  if (newQueries < retrain.min_new_queries) {
    const few = `${newQueries} new queries are fewer than min_new_queries, ${retrain.min_new_queries}`;
    if (drift === null || drift.outcome === "inconclusive") return reason(null, few);
    const earlier = `${few}; of ${drift.log.queries} queries (${drift.log.file}) drift already found: ${drift.outcome}`;
    return drift.outcome === "drift"
      ? reason(true, `${earlier} of ${shiftedIn(drift)}`)
      : reason(null, earlier);
  }
  if (drift === null)
    return reason(null, `${newQueries} new queries, but no reference from training to compare them with`);
  if (drift.outcome === "inconclusive") return reason(null, drift.reason ?? "nothing was compared");
  const against = `${newQueries} new queries against ${drift.reference.queries} of the training period`;
  if (drift.outcome === "no drift") return reason(false, `no drift in ${against}`);
  const words = drift.new_words.slice(0, 8).map((entry) => `"${entry.words}"`);
  const isNew = words.length === 0 ? "" : `; more frequent: ${words.join(", ")}`;
  return reason(true, `drift of ${shiftedIn(drift)} in ${against}${isNew}`);
}

function shiftedIn({ statistics }: DriftResult): string {
  return statistics.flatMap(({ name, drifted }) => (drifted ? name : [])).join(", ");
}
