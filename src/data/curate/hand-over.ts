/** Ways of not answering oneself: passing on, declining, naming somebody else to ask. */
const HANDS_OVER = new RegExp(
  [
    String.raw`\b(?:hand|pass|put|transfer|forward|connect|refer|direct|escalat|rout)\w*\s+(?:you|this|it|that|your \w+|the \w+)(?:\s+\w+){0,2}?\s+(?:over|on|through|to|with)\b`,
    String.raw`\bcolleagues?\b|\b(?:human|live) (?:agent|advis[eo]r|being|person|operator)\b`,
    String.raw`\b(?:can ?not|can['’]?t|unable to|not able to|not allowed to|won['’]?t) (?:\w+ )?(?:help|advise|answer|assist|comment|discuss)\b`,
    String.raw`\b(?:outside|beyond) (?:what|of|my|our|the scope)\b|\bout of (?:my|our) (?:scope|area|remit)\b`,
    String.raw`\bplease (?:contact|ask|see|call|consult|speak|talk|get in touch|reach out|turn to)\b`,
    String.raw`\b(?:get in touch with|reach out to|best (?:asked|answered)|(?:speak|talk) (?:to|with) (?:an?|your|our|the)\b|(?:our|the|a) [\w -]{1,25}(?:team|department|desk) (?:will|can|looks?|takes?|handles?))`,
  ].join("|"),
  "i",
);

/** Whether an answer passes the question on, or declines it, in English. */
export function handsOver(answer: string): boolean {
  return HANDS_OVER.test(answer);
}

/**
 * Whether a case expects that: by a check for it, or by wordings of it in a check; undefined for a case without checks.
 * @param checks the case's field of that name
 */
export function expectsHandOver(checks: unknown): boolean | undefined {
  if (!Array.isArray(checks)) return undefined;
  return checks.some((check: Record<string, unknown>) => {
    if (check?.["hands_over"] === true || check?.["refuses"] === true) return true;
    const { good } = (check?.["choice"] ?? {}) as { good?: unknown };
    const wordings = [check?.["contains"], check?.["regex"], check?.["equals"], good].flat();
    return wordings.some((wording) => typeof wording === "string" && handsOver(wording));
  });
}
