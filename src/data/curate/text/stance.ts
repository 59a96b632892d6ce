/** Detects whether an answer says yes or no to a question. English. */
export type Stance = "yes" | "no";

const GREETING = String.raw`^\W*(?:(?:hi|hello|hey|dear|thanks|thank you|good (?:morning|afternoon|day)|great question|oh(?: \w+)?)\b[^.!?]*[,.!?]\s*)?`;
const YES = new RegExp(
  `${GREETING}(?:yes|yep|yeah|yup|sure\\b|of course|certainly|absolutely|definitely|gladly|happily|with pleasure|no (?:problem|worries|bother|trouble)|not a problem|don['’]?t worry|(?:that|it|this)(?:['’]s| is| would be) (?:fine|ok(?:ay)?|possible|all right|no problem|included|covered|allowed|free)|(?:they|it|we|you|that|he|she) (?:is|are|do|does|can|will|may|should)(?=[.,:;!]|$)|(?:you|we) (?:can|may)\\b(?! not|n['’]t| only| relax| rest| be sure)|we do\\b(?! not)|there (?:is|are)\\b(?! no))`,
  "i",
);
const NO = new RegExp(
  `${GREETING}(?:no\\b(?! (?:problem|worries|bother|trouble|need))|nope|never\\b|not (?:possible|allowed|any ?more|yet|really|here)|unfortunately|sorry\\b|(?:i(?:['’]m| am) |we(?:['’]re| are) )?(?:very |so )?(?:sorry|afraid)\\b|i regret|(?:you|we|they|it|that|he|she|\\w+s) (?:can(?:not|['’]t)|do(?:es)?(?: not|n['’]t)|(?:is|are)(?: not|n['’]t)|won['’]t|may not|must not))`,
  "i",
);
const NEGATION = /\b(?:no|not|never|none|neither|cannot|without)\b|n['’]t\b/i;

/** The stance of an answer's opening; undefined when it takes none. */
export function stanceOf(answer: string, question = ""): Stance | undefined {
  const stance = opening(answer);
  // "Is that a problem?" "Not at all."
  if (/^\W*not at all\b/i.test(answer))
    return /\b(?:problem|issue|mind|matter|trouble|wrong|bother)\b/i.test(question) ? "yes" : "no";
  return stance;
}

function opening(answer: string): Stance | undefined {
  const [yes, no] = [YES.test(answer), NO.test(answer)];
  if (yes !== no) return yes ? "yes" : "no";
  return undefined;
}

/** True for a question on what is possible, allowed or there: one that yes or no can answer. */
export function asksWhether(question: string): boolean {
  const asked = sentences(question).filter((sentence) => /\?/.test(sentence));
  return (
    (asked.length > 0 ? asked : sentences(question)).some((sentence) =>
      /(?:^\W*|[,;:]\s*(?:so |and |but )?|\b(?:or|and|but|so) )(?:can|could|may|might|is|are|am|was|were|do|does|did|will|would|should|shall|have|has)\b/i.test(
        sentence,
      ),
    ) || /\b(?:possible|allowed|ok(?:ay)?|all right|wondering (?:if|whether))\b/i.test(question)
  );
}

/** True for a question on a duty: "must I", "do I have to". */
export function asksForDuty(question: string): boolean {
  return /\b(?:must|(?:have|has|had) to|needs? (?:to|an?|any|\w+ing)|required|necessary|obliged)\b/i.test(
    question,
  );
}

export function negates(text: string): boolean {
  return NEGATION.test(text.replace(/\bno (?:problem|worries|bother|trouble|matter)\b/gi, ""));
}

export function sentences(text: string): string[] {
  return text
    .split(/(?<=[.!?])(?<!\b(?:[ap]\.m|Dr|Mrs?|Ms|St|Co)\.)\s+|\n+/i)
    .filter((sentence) => sentence.trim() !== "");
}
