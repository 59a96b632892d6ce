import { minutesOf } from "../text/times.ts";
import type { Comparator } from "./comparator.ts";
import { RELEVANT } from "./relevance.ts";

const LEAST_AGE =
  /\b(?:must be|minimum age(?: is| of)?|aged?|at least|from) (?:aged? |at least |over )?(?<age>\d{1,2})\b(?! ?(?:%|[.:]\d|(?!years?\b|or\b|and\b|to\b)\p{L}+))|\b(?<over>\d{1,2}) (?:years )?(?:and|or) (?:over|older|above)\b/iu;
const HIS_AGE =
  /\b(?:i['’]?m|i am|(?:he|she|who|son|daughter|friend|brother|sister|nephew|niece)(?:['’]s| is)|turned|aged) (?:only |just |already )?(?<age>\d{1,2})\b(?! ?(?:%|[.:]\d|(?!years?\b|and\b|can\b|may\b)\p{L}+))|\b(?<old>\d{1,2})[ -]years?[ -]old/iu;
/** Rules that let the young in with somebody, or under a condition. */
const ACCOMPANIED =
  /\b(?:unless|if|accompan\w+|together with|with (?:an?|their) (?:adult|parent)|otherwise)\b/i;

const ageOf = (pattern: RegExp, text: string): number | undefined => {
  const groups = pattern.exec(text)?.groups;
  const age = groups?.["age"] ?? groups?.["over"] ?? groups?.["old"];
  return age === undefined ? undefined : Number(age);
};

/** A yes to somebody of 15 where the rule says "at least 18". */
export const tooYoung: Comparator = (
  { fact: { clause }, relevance },
  { reading, claims, implied, stance },
) => {
  const { turn } = reading.exchange;
  const [least, age] = [ageOf(LEAST_AGE, clause.text), ageOf(HIS_AGE, turn)];
  if (stance !== "yes" || least === undefined || age === undefined || age >= least) return undefined;
  if (relevance < RELEVANT.elsewhere || ACCOMPANIED.test(clause.rule.text)) return undefined;
  return implied ?? claims[0];
};

/** A yes to 11 pm where the rule says "from 6 am to 10 pm". */
export const outsideHours: Comparator = (
  { fact: { clause }, relevance },
  { reading, claims, implied, stance },
) => {
  const asked = reading.asked.get("time") ?? [];
  const hours = clause.statements.get("time") ?? [];
  if (stance !== "yes" || asked.length !== 1 || hours.length !== 2 || reading.said.has("time"))
    return undefined;
  if (relevance < RELEVANT.quantity || !/\b(?:from|between)\b.*\b(?:to|until|till|and)\b/i.test(clause.text))
    return undefined;
  const [at, from, to] = [asked[0]!, ...hours].map(({ value }) => minutesOf(`${value}`)) as [
    number,
    number,
    number,
  ];
  if ([asked[0]!, ...hours].some(({ value }) => `${value}`.endsWith("?")) || from >= to) return undefined;
  return at < from || at > to ? (implied ?? claims[0]) : undefined;
};
