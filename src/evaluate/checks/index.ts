import * as z from "zod";
import { didYouMean } from "../../suggest.ts";
import type { CheckName } from "../../task/schema.ts";
import { CUT_OFF, defectOf } from "../answers/answer-defect.ts";
import { issueTexts } from "../cases/issues.ts";
import { type Answer, type CheckKind, type Context, type Judgement, judged, type Rules } from "./check.ts";
import { choice } from "./choice.ts";
import { claims } from "./claims.ts";
import { handsOver, refuses, style } from "./conduct.ts";
import { consistentWith } from "./consistent.ts";
import { jsonSchema } from "./json-schema.ts";
import { number, slots } from "./number.ts";
import { chrf, rougeL } from "./overlap.ts";
import { script } from "./script.ts";
import { contains, equals, notContains, regex } from "./wording.ts";

/** Check kinds, by their key in a case. */
const CHECKS = {
  contains,
  not_contains: notContains,
  regex,
  claims,
  equals,
  number,
  slots,
  json_schema: jsonSchema,
  choice,
  rouge_l: rougeL,
  chrf,
  refuses,
  hands_over: handsOver,
  style,
  consistent_with: consistentWith,
  script,
} satisfies Record<CheckName, unknown>;

type ValueOf<K> = K extends CheckKind<infer S> ? z.output<S> : never;

/** One check: its kind and its value. */
export type Check = { [K in CheckName]: { kind: K; value: ValueOf<(typeof CHECKS)[K]> } }[CheckName];

const kindOf = (name: CheckName) => CHECKS[name] as unknown as CheckKind<z.ZodType>;

/** Parses one entry of a case's `checks`: the check, or all its mistakes. */
export function parseCheck(entry: unknown, rules: Rules): Check | { problems: string[] } {
  const keys = typeof entry === "object" && entry !== null && !Array.isArray(entry) ? Object.keys(entry) : [];
  const known = Object.keys(CHECKS);
  const name = keys.find((key) => known.includes(key));
  if (keys.length === 0) return { problems: ['a check is an object such as {"contains": ["60 days"]}'] };
  if (name === undefined) {
    const meant = didYouMean(keys[0]!, known) || `; known are ${known.join(", ")}`;
    return { problems: [`unknown check ${keys[0]}${meant}`] };
  }
  // {"number": 60, "unit": "days"} is its own value.
  const alone = name !== "number";
  if (alone && keys.length > 1)
    return { problems: [`one check has one kind, this has ${keys.join(" and ")}`] };
  const kind = kindOf(name as CheckName);
  const value = alone ? (entry as Record<string, unknown>)[name] : entry;
  const parsed = kind.schema.safeParse(value, { reportInput: true });
  if (!parsed.success) {
    const inside = kind.schema instanceof z.ZodObject ? Object.keys(kind.schema.shape) : [];
    return { problems: issueTexts(parsed.error, alone ? name : "", inside) };
  }
  const mistake = kind.mistake?.(parsed.data, rules);
  if (mistake !== undefined) return { problems: [`${name}: ${mistake}`] };
  return { kind: name, value: parsed.data } as Check;
}

/** True if the check reads the generated answer, not only likelihoods. */
export const readsText = (check: Check): boolean => kindOf(check.kind).reads(check.value) !== "likelihood";

/** Judges one check. An empty or looping answer passes none, and a cut-off one none that depends on its end. */
export function judgeCheck(check: Check, answer: Answer, context: Context): Judgement {
  const kind = kindOf(check.kind);
  const reads = kind.reads(check.value);
  const cut = reads === "whole" && answer.finish === "length" ? CUT_OFF : undefined;
  const defect = reads === "likelihood" ? undefined : (defectOf(answer.text) ?? cut);
  return defect === undefined ? kind.judge(check.value, answer, context) : judged(false, defect);
}
