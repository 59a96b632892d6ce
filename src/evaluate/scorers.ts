import * as z from "zod";
import type { StyleRule } from "../task/schema.ts";
import { didYouMean } from "../task/suggest.ts";

/** Named in the lock: raise it when any scorer judges differently than before. */
export const SCORER_VERSION = "1";

const text = z.string().min(1);

/** The checks of a case, by the key that names them. */
const CHECKS = {
  contains: z.array(text).min(1),
  not_contains: z.array(text).min(1),
  regex: text,
  equals: text,
  choice: z.strictObject({ good: text, bad: z.array(text).min(1) }),
  style: text,
};

const LATER = [
  "number",
  "json_schema",
  "rouge_l",
  "chrf",
  "refuses",
  "hands_over",
  "consistent_with",
  "script",
];

type Kind = keyof typeof CHECKS;

/** One check, as the kind and what it asks for. */
export type Check = { [K in Kind]: { kind: K; value: z.output<(typeof CHECKS)[K]> } }[Kind];

/** What a model answered: its text, and the mean log-likelihood per token of each option of a choice. */
export interface Answer {
  text: string;
  options: ReadonlyMap<string, number>;
}

/**
 * Reads one entry of a case's `checks`.
 * @returns the check, or what is wrong with it; `later` when the design names it but it is not there yet
 */
export function parseCheck(
  entry: unknown,
  styles: readonly StyleRule[],
): Check | { problem: string; later?: true } {
  const keys = typeof entry === "object" && entry !== null ? Object.keys(entry) : [];
  const kind = keys[0];
  if (kind === undefined) return { problem: 'a check is an object such as {"contains": ["60 days"]}' };
  if (LATER.includes(kind)) return { problem: `the check ${kind} is not there yet`, later: true };
  if (!(kind in CHECKS)) {
    const known = Object.keys(CHECKS);
    return {
      problem: `unknown check ${kind}${didYouMean(kind, known) || `; known are ${known.join(", ")}`}`,
    };
  }
  if (keys.length > 1) return { problem: `one check has one kind, this has ${keys.join(" and ")}` };
  const parsed = CHECKS[kind as Kind].safeParse((entry as Record<string, unknown>)[kind]);
  if (!parsed.success) {
    const issue = parsed.error.issues[0]!;
    return { problem: `${[kind, ...issue.path].join(".")}: ${issue.message}` };
  }
  const check = { kind, value: parsed.data } as Check;
  if (check.kind === "regex") {
    try {
      pattern(check.value);
    } catch (error) {
      return { problem: `regex: ${(error as Error).message}` };
    }
  }
  const names = styles.map((rule) => rule.name);
  if (check.kind === "style" && !names.includes(check.value)) {
    return { problem: `no style rule is called ${check.value}${didYouMean(check.value, names)}` };
  }
  return check;
}

const pattern = (source: string) => new RegExp(source, "iu");

/** Compatibility forms composed, typographic quotes and dashes made plain, white space collapsed, lower case. */
function normalise(value: string): string {
  return value
    .normalize("NFKC")
    .replace(/[\u2018\u2019]/g, "'")
    .replace(/[\u201c\u201d]/g, '"')
    .replace(/[\u2010-\u2015]/g, "-")
    .replace(/\s+/g, " ")
    .trim()
    .toLowerCase();
}

const quoted = (values: readonly string[]) => values.map((value) => JSON.stringify(value)).join(", ");

/** Why an answer breaks a style rule, or undefined when it keeps it. */
export function styleFailure(rule: StyleRule, answer: string): string | undefined {
  const found = (rule.not_contains ?? []).filter((wording) => normalise(answer).includes(normalise(wording)));
  if (found.length > 0) return `${rule.name}: says ${quoted(found)}`;
  const words = answer.split(/\s+/).filter((word) => word !== "").length;
  if (rule.max_words !== undefined && words > rule.max_words) {
    return `${rule.name}: ${words} words, at most ${rule.max_words} allowed`;
  }
  return undefined;
}

/** Why an answer fails a check, or undefined when it passes. Wordings are compared without regard to case. */
export function checkFailure(check: Check, answer: Answer, styles: readonly StyleRule[]): string | undefined {
  const said = normalise(answer.text);
  switch (check.kind) {
    case "contains": {
      const absent = check.value.filter((wording) => !said.includes(normalise(wording)));
      return absent.length === 0 ? undefined : `does not say ${quoted(absent)}`;
    }
    case "not_contains": {
      const present = check.value.filter((wording) => said.includes(normalise(wording)));
      return present.length === 0 ? undefined : `says ${quoted(present)}`;
    }
    case "regex":
      return pattern(check.value).test(answer.text.normalize("NFKC"))
        ? undefined
        : `does not match /${check.value}/i`;
    case "equals":
      return said === normalise(check.value) ? undefined : `is not ${quoted([check.value])}`;
    case "choice": {
      const score = (option: string) => answer.options.get(option) ?? Number.NEGATIVE_INFINITY;
      const better = check.value.bad.filter((option) => score(option) >= score(check.value.good));
      return better.length === 0 ? undefined : `prefers ${quoted(better)} to ${quoted([check.value.good])}`;
    }
    case "style":
      return styleFailure(styles.find((rule) => rule.name === check.value)!, answer.text);
  }
}
