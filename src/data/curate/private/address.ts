import type { Detector } from "./spans.ts";

const STREET =
  "Street|St|Road|Rd|Avenue|Ave|Lane|Ln|Drive|Dr|Court|Ct|Close|Way|Place|Pl|Square|Sq|Terrace|Crescent|Boulevard|Blvd|Gardens|Grove|Row|Mews|Hill|Park|Walk|Parade|Quay|Circle|Parkway|Highway|Rise|View|Green";
const FLAT = String.raw`(?:,? (?:#|(?:Apt|Apartment|Flat|Unit|Suite|Room)\b\.?) ?\w+)?`;
const NAME = String.raw`\p{Lu}[\p{L}'’-]*`;
/** A town, a postcode, or both. */
const TOWN = String.raw`(?:, (?:[A-Z]{0,2}-?\d{4,5} )?${NAME}(?: ${NAME}){0,2}(?:,? [A-Z]{2} \d{5}(?:-\d{4})?)?)?`;

/** Postal addresses as they are written in English, German, Dutch, French, Italian and Spanish. */
export const ADDRESS: readonly Detector[] = [
  {
    label: "address",
    pattern: new RegExp(
      String.raw`\b\d{1,5}[a-zA-Z]?(?:[-/]\d{1,4})? (?:\p{Lu}[\p{L}\d'’.-]* |\d{1,3}(?:st|nd|rd|th) ){1,3}(?:${STREET})\b\.?${FLAT}${TOWN}`,
      "gu",
    ),
  },
  // Typed without capitals; "road" and the like are left out, as in "5 miles road running".
  {
    label: "address",
    pattern:
      /\b\d{1,4}[a-z]? (?!(?:km|miles?|pairs?|days?|weeks?|shoes?|of|in|on|the)\b)[a-z'’-]{3,} (?:street|avenue|lane|boulevard|crescent)\b(?:,? (?:flat|apt|unit) \w+)?/g,
  },
  {
    label: "address",
    pattern: new RegExp(
      String.raw`(?<!\p{L})(?:\p{Lu}[\p{L}-]*(?:stra(?:ß|ss)e|str\.|weg|gasse|platz|allee|straat|laan|gracht|plein|ring|damm|ufer)|${NAME} (?:Stra(?:ß|ss)e|Str\.|Weg|Platz|Allee)) \d{1,4} ?[a-z]?(?![\p{L}\d])${TOWN}`,
      "gu",
    ),
  },
  {
    label: "address",
    pattern: new RegExp(
      String.raw`(?<!\p{L})(?:\d{1,4}(?: ?(?:bis|ter))?,? )(?:rue|avenue|boulevard|place|chemin|impasse|quai|allée) (?:[\p{L}'’-]+ ?){1,5}${TOWN}`,
      "giu",
    ),
    accept: (text) => /(?:rue|avenue|boulevard|place|chemin|impasse|quai|allée) .*\p{Lu}/iu.test(text),
  },
  {
    label: "address",
    pattern: new RegExp(
      String.raw`(?<!\p{L})(?:Via|Viale|Piazza|Corso|Calle|Avenida|Plaza|Paseo|Rua|Rue) (?:[\p{Ll}]{1,4} ){0,2}${NAME}(?: ${NAME}){0,2},? \d{1,4}\b${TOWN}`,
      "gu",
    ),
  },
  {
    label: "address",
    pattern: new RegExp(
      String.raw`(?<!\p{L})(?:\p{Lu}[\p{L}-]*(?:gatan|vägen|gade|vej|gata|veien|vegen|katu|utca) \d{1,4} ?[a-zA-Z]?|(?:[Uu]l\.|[Aa]l\.|Av\.|Avda\.|Avenue|Boulevard|Chaussée) ${NAME}(?: ${NAME}){0,3},? \d{1,4}[a-zA-Z]?)(?![\p{L}\d])(?:, (?:\d{4,5}|\d{3} \d{2}|\d{2}-\d{3}) ${NAME}|${TOWN})`,
      "gu",
    ),
  },
  // Any street, by the number, postcode and town after it.
  {
    label: "address",
    pattern: new RegExp(
      String.raw`(?<!\p{L})${NAME}(?: (?:\p{Ll}{2,4} )?${NAME}){0,3} \d{1,3} ?[a-z]?, (?:\d{4,5}|\d{3} \d{2}|\d{2}-\d{3}) (?!(?:Euros?|Dollars?|Pounds?|Francs?|Watts?|Points?|Reviews?|Stars?|Pieces?)\b)${NAME}`,
      "gu",
    ),
  },
  { label: "address", pattern: /\bP\.? ?O\.? Box \d{1,6}\b/gi },
  { label: "postcode", pattern: /\b[A-Z]{1,2}\d[A-Z\d]? \d(?!X[LS]\b)[ABD-HJLNP-UW-Z]{2}\b/g },
  { label: "postcode", pattern: /\b[ABCEGHJ-NPRSTVXY]\d[A-Z] \d[A-Z]\d\b/g },
  { label: "postcode", pattern: /\beircode(?: is|:)? *(?<span>[a-z]\d[\dw] ?[a-z\d]{4})\b/gi },
  {
    label: "postcode",
    pattern: /\bpost ?code(?: is|:)? *(?<span>[a-z]{1,2}\d[a-z\d]? ?\d[a-z]{2}|\d{4,5})\b/gi,
  },
  {
    label: "postcode",
    pattern: /\b[A-Z]{2} \d{5}-\d{4}\b|\bzip(?: ?code)?(?: is|:)? *(?<span>\d{5}(?:-\d{4})?)\b/gi,
  },
];
