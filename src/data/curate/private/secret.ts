import { type Detector, detect, type Span } from "./spans.ts";

const label = "secret";
const PASSWORD = "password|passwd|passphrase|passcode|passwort|kennwort|pass|pw|pwd";

/** In order of precedence. The forms of tokens are those that their issuers document. */
const SECRETS: readonly Detector[] = [
  {
    label,
    pattern:
      /-----BEGIN [A-Z ]*PRIVATE KEY(?: BLOCK)?-----[\s\S]*?(?:-----END [A-Z ]*PRIVATE KEY(?: BLOCK)?-----|$)/g,
  },
  { label, pattern: /\b(?:sk|pk|rk|whsec)[-_](?:live[-_]|test[-_]|proj[-_]|ant[-_])?[A-Za-z0-9_-]{16,}/g },
  {
    label,
    pattern:
      /\b(?:gh[pousr]_[A-Za-z0-9]{20,}|github_pat_\w{20,}|glpat-[\w-]{16,}|(?:AKIA|ASIA)[A-Z0-9]{16}|xox[abeprs]-[\w-]{10,}|AIza[\w-]{30,}|npm_[A-Za-z0-9]{30,}|hf_[A-Za-z0-9]{20,}|SG\.[\w-]{16,}\.[\w-]{16,})/g,
  },
  { label, pattern: /\beyJ[\w-]{8,}\.[\w-]{8,}(?:\.[\w-]{8,})?/g },
  { label, pattern: /\bBearer (?<span>[\w.~+/-]{16,}=*)/gi },
  { label, pattern: /\b[a-z][a-z\d+.-]{1,15}:\/\/[^\s/:@]+:(?<span>[^\s/@]{3,})@/gi },
  {
    label,
    pattern:
      /\b(?:api|access|auth|secret|private|client|license|licence|session|refresh)?[ _-]?(?:key|token|secret)(?: (?:is|was))?[ :="'`]{1,4}(?<span>[\w.~+/=-]{12,})/gi,
    accept: (found) => /\d/.test(found) && /[a-z]/i.test(found),
  },
  {
    label,
    pattern: new RegExp(
      String.raw`\b(?:${PASSWORD})(?:(?:['’]s| is| was| ist)(?: (?:still|now))?)?[ :="'\x60(]{1,4}(?<span>[^\s"',;()\x60]{5,})`,
      "gi",
    ),
    accept: looksChosen,
  },
  // In quotes or after a colon a word may be one too.
  {
    label,
    pattern: new RegExp(String.raw`\b(?:${PASSWORD})(?: is| was)?:? ?["“'](?<span>[^"”'\s]{4,})["”']`, "gi"),
  },
  { label, pattern: /\b(?:pw|pwd|passwd)[:=] ?(?<span>[^\s"',;()]{4,})/gi },
  {
    label,
    pattern:
      /\b(?:pin|otp|(?:verification|login|access|one[ -]time|confirmation|2fa|sms|tan|security|door|gate)[ -]?(?:pass)?(?:code|pin|word))(?: (?:code|number))?(?: (?:is|was))?[ :=]{1,3}(?<span>\d{4,8})\b/gi,
  },
  { label, pattern: /(?<![\w/+-])(?:[A-Za-z\d_-]{28,}|[A-Za-z\d+/]{28,}={0,2})(?![\w/+-])/g, accept: random },
];

/** A password, not a word of the sentence: it has a digit or a sign inside. */
function looksChosen(text: string): boolean {
  return (/\p{L}/u.test(text) && /\d/.test(text)) || /[!#$%&*+=@^_~]\w/.test(text) || /^\d{5,}$/.test(text);
}

/** Random characters have more than 3.5 bits each (Shannon, 1948) where words and running numbers have fewer, and mix their kinds. */
function random(text: string): boolean {
  const kinds = [/[a-z]/, /[A-Z]/, /\d/].filter((kind) => kind.test(text)).length;
  const hexadecimal = /^[\da-f]{32,}$/i.test(text) && /\d/.test(text) && /[a-f]/i.test(text);
  if (kinds < 3 && !hexadecimal) return false;
  const counts = new Map<string, number>();
  for (const sign of text) counts.set(sign, (counts.get(sign) ?? 0) + 1);
  const shares = [...counts.values()].map((count) => count / text.length);
  const bits = -shares.reduce((sum, share) => sum + share * Math.log2(share), 0);
  return bits > (hexadecimal ? 3 : 3.5);
}

/** Passwords, PINs, keys and tokens. */
export function secrets(text: string): Span[] {
  return detect(text, SECRETS);
}
