import { isIPv6 } from "node:net";
import { countrySpecs, electronicFormatIBAN, isValidIBAN } from "ibantools";
import { ADDRESS } from "./address.ts";
import { type Detector, detect, type Span } from "./spans.ts";

const digitsOf = (text: string): string => text.replace(/\D/g, "");

/** Lengths and first digits of the card schemes (ISO/IEC 7812 issuer ranges); a barcode of 13 digits is none. */
const SCHEMES =
  /^(?:4\d{15}|4\d{18}|5[1-5]\d{14}|2[2-7]\d{14}|3[47]\d{13}|3[0689]\d{12}|35\d{14}|6\d{15,18})$/;

/** ISO/IEC 7812: from the right every second digit doubled, sum divisible by 10. */
function card(text: string): boolean {
  const digits = digitsOf(text);
  const sum = [...digits]
    .reverse()
    .map(Number)
    .reduce((total, d, i) => total + (i % 2 === 0 ? d : d * 2 - (d > 4 ? 9 : 0)), 0);
  return SCHEMES.test(digits) && sum % 10 === 0;
}

/** For each country of the registry as many characters as its IBANs have, in groups or not. */
const IBAN = new RegExp(
  `\\b(?:${Object.entries(countrySpecs)
    .filter(([, spec]) => spec.chars !== null)
    .map(([country, spec]) => `${country}\\d{2}(?:[ -]?[A-Z\\d]){${spec.chars! - 4}}`)
    .join("|")})\\b`,
  "gi",
);

/** 00 and a country's code lead to at least nine more digits; a product's number such as 0042-65-118 has fewer. */
const SHORT_ABROAD = /^00(?!\D*[1-9](?:\D*\d){8})/;

/** International, with a trunk 0, with an area code in brackets, or 3-3-4; never a bare number, nor one that begins as a date does. */
function phone(text: string): boolean {
  const digits = digitsOf(text).length;
  if (
    digits < 9 ||
    digits > 15 ||
    SHORT_ABROAD.test(text) ||
    /^\d{1,2}[./-]\d{1,2}[./-](?:\d{4}|\d{2})\b(?![./-]\d{2}[./-])/.test(text)
  )
    return false;
  return /^(?:\+|0|\()|^(?:1[ .-])?\d{3}[ .-]\d{3}[ .-]\d{4}$/.test(text);
}

const enoughDigits = (least: number) => (text: string) => digitsOf(text).length >= least;

/** Text between a word such as "number" and the number. */
const LEADS_TO = String.raw`(?:[ -]?(?:no|nr|num|number|id|code|ref|reference)\b)?\.?(?: (?:is|was|of))?[ \t]*[:#=]?[ \t]*#?`;
/** A number with letters, dashes or slashes. */
const TOKEN = String.raw`(?<span>[A-Z\d]+(?:[-/.][A-Z\d]+)*)(?![\w-])`;
/** Codes with these words before them name goods and standards, not people. */
const GOODS = String.raw`(?<!\b(?:sku|model|style|article|art|item|product|part|size|code|colou?r|ean|gtin|upc|isbn|batch|lot|version|standard)s?\b[ .:#-]{0,3}(?:(?:no|nr|number|code|is)\b[ .:#-]{0,3}){0,2})`;
const STANDARDS = `(?!(?:ISO|DIN|EN|UTF|ASTM|BS|IEC|RFC|SKU|EAN|UPC|ISBN|MOD|ART)-)`;

/** In order of precedence. */
const PERSONAL: readonly Detector[] = [
  {
    label: "email",
    pattern:
      /(?<![\p{L}\p{N}._%+-]|:\/\/\S{0,64})[\p{L}\p{N}._%+-]{1,64}@[\p{L}\p{N}-]+(?:\.[\p{L}\p{N}-]+)*\.\p{L}{2,}/gu,
  },
  {
    label: "email",
    pattern:
      /(?<![\w.+-])[\w.+-]{1,64} ?(?:\(at\)|\[at\]|\bat\b) ?[\w-]+(?: ?(?:\(dot\)|\[dot\]|\bdot\b) ?[a-z]{2,}){1,3}(?!\w)/gi,
  },
  {
    label: "iban",
    pattern: IBAN,
    accept: (text) => isValidIBAN(electronicFormatIBAN(text) ?? ""),
  },
  { label: "card", pattern: /(?<![\w-])\d(?:[ .\u00a0-]?\d){13,18}(?![\w-])/g, accept: card },
  {
    label: "card",
    pattern: /\b(?:cvv2?|cvc2?|security code)(?: (?:is|was|number))?[ :=]{1,3}(?<span>\d{3,4})\b/gi,
  },
  {
    label: "loyalty",
    pattern: new RegExp(
      String.raw`\b(?:loyalty|member(?:ship)?|club|rewards?|bonus|points)(?: (?:card|account|programme|program))?${LEADS_TO}${TOKEN}`,
      "gi",
    ),
    accept: enoughDigits(4),
  },
  {
    label: "order",
    pattern: new RegExp(
      String.raw`\b(?:order|booking|invoice|customer|client|account|reference|ref|ticket|case|tracking|parcel|shipment|return|rma|receipt|transaction)${LEADS_TO}${TOKEN}`,
      "gi",
    ),
    accept: enoughDigits(5),
  },
  {
    label: "order",
    pattern: new RegExp(
      String.raw`\b(?:order|invoice|customer|account|ticket|rma)[ -]?(?:(?:no|nr|number|id)\b\.?(?: is)?[ :#]{0,3}|#)${TOKEN}`,
      "gi",
    ),
    accept: enoughDigits(3),
  },
  {
    label: "order",
    pattern: new RegExp(
      String.raw`${GOODS}\b${STANDARDS}[A-Z]{2,5}[-/](?:\d{2,}[-/])*\d{2,12}(?![\w-])`,
      "gi",
    ),
    accept: enoughDigits(5),
  },
  { label: "order", pattern: /(?<![\w-])\d{3}-\d{7}-\d{7}(?![\w-])/g },
  { label: "order", pattern: /(?<![\w&]|\bcolou?r\b.{0,15}|\bhex\b.{0,15})#\d{5,12}\b/gi },
  {
    label: "ip",
    pattern:
      /(?<![\w.]|\b(?:version|firmware|release|build) ?)(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)\.){3}(?:25[0-5]|2[0-4]\d|1?\d?\d)(?![\d.]*\d)/gi,
  },
  {
    label: "ip",
    pattern: /(?<![\w:])(?:[\da-f]{0,4}:){2,7}[\da-f]{0,4}(?![\w:])/gi,
    accept: (text) => isIPv6(text) && /[\da-f]{2}/i.test(text),
  },
  { label: "ssn", pattern: /(?<![\w-])\d{3}-\d{2}-\d{4}(?![\w-])/g },
  {
    label: "birthdate",
    pattern:
      /\b(?:born(?: on)?|date of birth|birth ?date|d\.?o\.?b\.?)(?: (?:is|was|the))?[ :]{1,3}(?<span>\d{1,4}[./-]\d{1,2}[./-]\d{1,4}|\d{1,2}(?:st|nd|rd|th)? (?:of )?\p{L}{3,9} \d{4}|\p{L}{3,9} \d{1,2},? \d{4})/giu,
  },
  {
    label: "phone",
    pattern: new RegExp(
      String.raw`${GOODS}(?<![\w.-]|\d )(?:\+|00)\d{1,3}(?:[ ./-]?\d{1,5}){2,6}(?![\w-])`,
      "gi",
    ),
    accept: phone,
  },
  {
    label: "phone",
    pattern: new RegExp(
      String.raw`${GOODS}(?<![\w.-])(?:(?:\+|00)\d{1,3}[ ./-]?)?(?:\(\d{1,5}\)[ .-]?)?\d{2,5}(?:(?: ?[./-] ?| )?\d{2,5}){1,5}(?![\w-])`,
      "gi",
    ),
    accept: phone,
  },
  {
    label: "phone",
    pattern:
      /\b(?:call|phone|ring|text|tel|telephone|mobile|cell|whatsapp|sms|fax|handy|(?:phone|contact|mobile) number)(?: (?:me|us|him|her|is|on|at|no|number|back|under))*[.:]? *(?<span>\+?\d{2,6}(?:[ ./-]?\d{2,5}){1,4})(?![\w-])/gi,
    accept: enoughDigits(7),
  },
  { label: "phone", pattern: /(?<![\w-])555-01\d\d(?![\w-])/g },
  ...ADDRESS,
];

/**
 * Mail and postal addresses, phone, card (Luhn), IBAN (mod 97), order, customer and loyalty numbers, birth dates, IP addresses.
 * @param own what the task itself calls personal; it goes before all others
 */
export function personalData(text: string, own: readonly Detector[] = []): Span[] {
  return detect(text, [...own, ...PERSONAL]);
}
