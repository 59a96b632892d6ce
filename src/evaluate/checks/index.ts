import * as z from "zod";
import { didYouMean } from "../../suggest.ts";
import type { CheckName } from "../../task/schema.ts";
import { issueTexts } from "../issues.ts";
import type { Answer, CheckKind, Context, Judgement, Rules } from "./check.ts";
import { choice } from "./choice.ts";
import { handsOver, refuses, style } from "./conduct.ts";
import { consistentWith } from "./consistent.ts";
import { jsonSchema } from "./json-schema.ts";
import { number, slots } from "./number.ts";
import { chrf, rougeL } from "./overlap.ts";
import { script } from "./script.ts";
import { contains, equals, notContains, regex } from "./wording.ts";

/** The checks of a case, by the key that names them. */
const CHECKS = {
  contains,
  not_contains: notContains,
  regex,
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

/** One check, as the kind and what it asks for. */
export type Check = { [K in CheckName]: { kind: K; value: ValueOf<(typeof CHECKS)[K]> } }[CheckName];

const kindOf = (name: CheckName) => CHECKS[name] as unknown as CheckKind<z.ZodType>;

/** Reads one entry of a case's `checks`: the check, or everything that is wrong with it. */
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

export function judgeCheck(check: Check, answer: Answer, context: Context): Judgement {
  return kindOf(check.kind).judge(check.value, answer, context);
}
