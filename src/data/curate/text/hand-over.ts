/** Ways of not answering oneself: passing on, declining, naming somebody else to ask. */
const HANDS_OVER = new RegExp(
  [
    String.raw`\b(?:hand|pass|put|transfer|forward|connect|refer|direct|escalat|rout)\w*\s+(?:you|this|it|that|your \w+|the \w+)(?:\s+\w+){0,2}?\s+(?:over|on(?! hold)|through|to|with)\b`,
    String.raw`\bcolleagues?\b|\b(?:human|live) (?:agent|advis[eo]r|being|person|operator)\b`,
    String.raw`\b(?:outside|beyond) (?:what|of|my|our|the scope)\b|\bout of (?:my|our) (?:scope|area|remit|hands)\b`,
    String.raw`\bplease (?:contact|ask|see|call|consult|speak|talk|write to|get in touch|reach out|turn to)\b`,
    String.raw`\b(?:get in touch with|reach out to|best (?:asked|answered)|(?:speak|talk) (?:to|with) (?:an?|your|our|the)\b|(?:our|the|a) [\w -]{1,25}(?:team|department|desk|office) (?:will|can|may|looks?|takes?|handles?|deals?|decides?|knows?))`,
  ].join("|"),
  "i",
);

/** Ways of declining in one's own name. */
const DECLINES = new RegExp(
  [
    String.raw`\b(?:(?:can ?not|can['’]?t|could ?n['’]t|unable to|not able to|not allowed to|won['’]?t|would(?: not|n['’]t)|(?:do not|don['’]t)(?: want to)?|never|rather not|not going to|not in a position to|not qualified to|not the right person to) (?:\w+ )?(?:help|advise|answer|assist|comment|discuss|judge|say|speak|recommend|guess|give (?:\w+ )?(?:advice|opinions?|tips|information|recommendations?)|offer (?:\w+ )?advice|compare|take sides|get involved|go into|deal with|know about|tell you|weigh in|share (?:my|an) opinion)\b)`,
    String.raw`\b(?:is|['’]s|are)(?: not|n['’]t) (?:something|anything|a (?:thing|question|topic|matter|subject)|one|my|our|part of (?:what|my|our)|what) ?(?:that |which )?(?:we|i|for us|for me|place|job|area|field|business|thing|speciality|to)?\b`,
    String.raw`\b(?:stay|keep|steer|keeping|staying) (?:well )?(?:out of|away from|clear of)\b|\b(?:only|just) (?:here (?:for|to)|able to (?:help|answer|talk)|help with|answer questions|deal with|know (?:about)?|do)\b`,
    String.raw`\b(?:that|this|it|one)(?:['’]s| is| would be)? (?:an? (?:\w+ )?(?:question|matter|job|case|topic) )?(?:for [^.!?]{2,40} to (?:say|answer|decide|judge|tell)|(?:for|between) (?:you and )?(?:your|our|the) (?:provider|landlord|employer|doctor|lawyer|insurer|bank|airline|council|police|manager|office|team))\b`,
    String.raw`\byou(?:['’]d| would| should| will|['’]ll)? (?:be )?(?:better|best|need to|have to|want to)? ?(?:off )?(?:asking|ask|contact|consult|check with|see|speak to|talk to) (?:an?|your|the|our)\b`,
    String.raw`\b(?:an?|your) (?:\w+ )?(?:doctor|gp|vet|lawyer|solicitor|pharmacist|chemist|dentist|physio\w*|expert|specialist|accountant|advis[eo]r|professional|provider|insurer|bank|council|police|embassy) (?:can|could|will|would|should|may|might|knows?|is the)\b`,
    String.raw`\b(?:rather|better|best) (?:leave|not)\b`,
  ].join("|"),
  "i",
);

/** Refusals that open an answer, "Sorry, we don't do that", and warnings: "never share your password". */
const REFUSES =
  /\b(?:never|do not|don['’]t) (?:share|send|post|type|enter|give (?:us|out|me|anyone)|tell (?:us|me|anyone))\b|^\W*(?:no\b[,.!]? ?)?(?:(?:i(?:['’]m| am) )?(?:sorry|afraid)\b[^.!?]*\b(?:not|n['’]t|cannot|no|never)\b|(?:we|i) (?:do not|don['’]t|can ?not|can['’]t|never|won['’]t) (?:do|help|offer|answer|discuss)\b)/i;

/** True if an answer passes the question on or declines it. English. */
export function handsOver(answer: string): boolean {
  return HANDS_OVER.test(answer) || DECLINES.test(answer);
}

/** True if an answer refuses to do what is asked. */
export function refuses(answer: string): boolean {
  return REFUSES.test(answer);
}

const PASSED_TO =
  /\b(?:hand(?:ed|s|ing)?(?: \w+)? over|pass(?:ed|es)?(?: on)?|forward(?:ed|s)?|refer(?:red|s)?|transfer(?:red|s)?|escalated)\b(?: [\p{L}-]+){0,3}? to (?:the |our |an? |your )?(?<who>[\p{L} -]{3,30})/giu;
const GOES_TO =
  /\b(?:questions?|anything|everything|enquir\w+|requests?|topics?|matters?|complaints?)\b[^.;]*? (?:go|goes|sent|directed|left) to (?:the |our |an? |your )?(?<who>[\p{L} -]{3,30})/giu;

/** To whom a policy's rules hand over: "are passed to the front desk", "anything else goes to the back office". */
export function handOverTargets(rules: readonly string[]): RegExp | undefined {
  const named = rules.flatMap((rule) =>
    [PASSED_TO, GOES_TO].flatMap((pattern) =>
      [...rule.matchAll(pattern)].map(({ groups }) =>
        groups!
          ["who"]!.toLowerCase()
          .replace(/ (?:by|for|who|with|in|at|via|and|if|when)\b.*$/, "")
          .trim(),
      ),
    ),
  );
  return named.length === 0 ? undefined : new RegExp(`\\b(?:${[...new Set(named)].join("|")})s?\\b`, "i");
}

/** True if a rule only says what is handed over, and to whom. */
export function passesOn(rule: string): boolean {
  return handsOver(rule) || handOverTargets([rule]) !== undefined;
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
