import { diffWords } from "diff";
import { html, type Markup } from "./markup.ts";

/** Share of common letters below which two answers are simply different and nothing is marked. */
const ALIKE = 0.3;

/** Two answers, with words that only one of them has marked. */
export function markedWords(before: string, after: string): { before: Markup; after: Markup } {
  const parts = diffWords(before, after);
  const shared = parts
    .filter((part) => !part.added && !part.removed)
    .reduce((total, { value }) => total + value.length, 0);
  if (before === after || shared < ALIKE * Math.max(before.length, after.length)) {
    return { before: html`${before}`, after: html`${after}` };
  }
  return {
    before: html`${parts.filter((part) => !part.added).map((part) => (part.removed ? html`<del>${part.value}</del>` : part.value))}`,
    after: html`${parts.filter((part) => !part.removed).map((part) => (part.added ? html`<ins>${part.value}</ins>` : part.value))}`,
  };
}
