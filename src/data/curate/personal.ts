/** A stretch of text that tells about a person, or gives access. */
export interface Span {
  readonly start: number;
  readonly end: number;
  /** What stands there; `[label]` replaces it. */
  readonly label: string;
}

interface Detector {
  readonly label: string;
  readonly pattern: RegExp;
  readonly accept?: (text: string) => boolean;
}

const digitsOf = (text: string): string => text.replace(/\D/g, "");

/** ISO/IEC 7812: from the right every second digit doubled, sum divisible by 10. */
function luhn(text: string): boolean {
  const digits = [...digitsOf(text)].reverse().map(Number);
  const sum = digits.reduce((total, d, i) => total + (i % 2 === 0 ? d : d * 2 - (d > 4 ? 9 : 0)), 0);
  return digits.length >= 13 && digits.length <= 19 && sum % 10 === 0;
}

/** ISO 13616: country and check digits moved to the end, letters as 10 to 35, remainder 1 modulo 97. */
function iban(text: string): boolean {
  const compact = text.replace(/\s/g, "").toUpperCase();
  if (compact.length < 15 || compact.length > 34) return false;
  const numeric = [...compact.slice(4), ...compact.slice(0, 4)].map((c) => Number.parseInt(c, 36)).join("");
  return [...numeric].reduce((rest, digit) => (rest * 10 + Number(digit)) % 97, 0) === 1;
}

/** International, with a trunk 0, with an area code in brackets, or 3-3-4; never a bare number. */
function phone(text: string): boolean {
  const digits = digitsOf(text).length;
  return digits >= 9 && digits <= 15 && /^(?:\+|0|\()|^\d{3}[ .-]\d{3}[ .-]\d{4}$/.test(text);
}

const STREET =
  "Street|St|Road|Rd|Avenue|Ave|Lane|Ln|Drive|Dr|Court|Ct|Close|Way|Place|Pl|Square|Sq|Terrace|Crescent|Boulevard|Blvd|Gardens|Grove|Row|Mews|Hill|Park|Walk";

/** In order of precedence: an earlier one keeps its stretch. */
const PERSONAL: readonly Detector[] = [
  { label: "email", pattern: /[\p{L}\p{N}._%+-]+@[\p{L}\p{N}-]+(?:\.[\p{L}\p{N}-]+)*\.\p{L}{2,}/gu },
  { label: "iban", pattern: /\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?\b/g, accept: iban },
  { label: "card", pattern: /(?<![\w-])\d(?:[ -]?\d){12,18}(?![\w-])/g, accept: luhn },
  { label: "order", pattern: /\b[A-Z]{2,4}-\d{5,12}\b/gi },
  {
    label: "order",
    pattern: /(?<=\b(?:order|customer|account|invoice)(?: (?:no|number|id))?\.?[ :#]{1,3})\d{5,12}\b/gi,
  },
  {
    label: "ip",
    pattern: /(?<![\d.])(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)\.){3}(?:25[0-5]|2[0-4]\d|1?\d?\d)(?![\d.]*\d)/g,
  },
  {
    label: "phone",
    pattern: /(?<![\w.-])(?:\+\d{1,3}[ .-]?)?(?:\(\d{1,5}\)[ .-]?)?\d{2,5}(?:[ .-]?\d{2,5}){1,4}(?![\w-])/g,
    accept: phone,
  },
  {
    label: "address",
    pattern: new RegExp(
      `\\b\\d{1,5}[a-z]? (?:[A-Z][\\w'’-]* ){1,3}(?:${STREET})\\b\\.?(?:,? (?:Apt|Apartment|Flat|Unit|Suite)\\.? \\w+)?(?:, [A-Z][\\w'’-]+(?: [A-Z][\\w'’-]+)*)?`,
      "g",
    ),
  },
  {
    label: "address",
    pattern: /\b\p{Lu}[\p{L}-]*(?:stra(?:ß|ss)e|str\.|weg|gasse|platz|allee) \d{1,4}[a-z]?\b/gu,
  },
  { label: "postcode", pattern: /\b[A-Z]{1,2}\d[A-Z\d]? \d[A-Z]{2}\b/g },
];

const SECRET: readonly Detector[] = [
  {
    label: "secret",
    pattern: /-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)/g,
  },
  { label: "secret", pattern: /\b(?:sk|pk|rk)[-_](?:live[-_]|test[-_]|proj-)?[A-Za-z0-9]{16,}/g },
  { label: "secret", pattern: /\b(?:gh[pousr]_[A-Za-z0-9]{20,}|AKIA[A-Z0-9]{16}|xox[abp]-[\w-]{10,})/g },
  { label: "secret", pattern: /\beyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]{8,}/g },
  {
    label: "secret",
    pattern: /(?<=\b(?:password|passphrase|passcode|pw|pwd)(?: is| was)?[ :="']{1,3})[^\s"',]{5,}/gi,
    accept: looksChosen,
  },
];

/** A password, not a word of the sentence: it has a digit or a sign inside. */
function looksChosen(text: string): boolean {
  return /[\p{L}].*\d|\d.*[\p{L}]|[!#$%&*+=@^_~][\w]/u.test(text) || /^\d{5,}$/.test(text);
}

function detect(text: string, detectors: readonly Detector[]): Span[] {
  const spans: Span[] = [];
  for (const { label, pattern, accept } of detectors) {
    for (const match of text.matchAll(pattern)) {
      const found = match[0];
      const [start, end] = [match.index, match.index + found.length];
      if (accept?.(found) === false || spans.some((span) => span.start < end && start < span.end)) continue;
      spans.push({ start, end, label });
    }
  }
  return spans.sort((a, b) => a.start - b.start);
}

/** Mail and postal addresses, phone, card (Luhn), IBAN (mod 97) and order numbers, IP addresses. */
export function personalData(text: string): Span[] {
  return detect(text, PERSONAL);
}

/** Passwords, keys and tokens. */
export function secrets(text: string): Span[] {
  return detect(text, SECRET);
}

/** Each span replaced by its label in brackets. */
export function mask(text: string, spans: readonly Span[]): string {
  let masked = "";
  let at = 0;
  for (const { start, end, label } of spans) {
    if (start < at) continue;
    masked += `${text.slice(at, start)}[${label}]`;
    at = end;
  }
  return masked + text.slice(at);
}
