/** A stretch of text that tells about a person, or gives access. */
export interface Span {
  readonly start: number;
  readonly end: number;
  /** Kind of the item; `[label]` replaces it. */
  readonly label: string;
}

/** Finds stretches of one kind. */
export interface Detector {
  readonly label: string;
  /** Global; its whole match, or its group `span` where it has one. */
  readonly pattern: RegExp;
  readonly accept?: (found: string) => boolean;
}

/** What `mask` leaves, which may be found where something private would be: "my password is [secret]". */
const MASKED = /^\[[^\]]+\]\W*$/;

/** In order of precedence: an earlier detector keeps its stretch. The spans are in order and do not overlap. */
export function detect(text: string, detectors: readonly Detector[]): Span[] {
  const spans: Span[] = [];
  for (const { label, pattern, accept } of detectors) {
    for (const match of text.matchAll(pattern)) {
      const found = match.groups?.["span"] ?? match[0];
      const start = match.index + match[0].lastIndexOf(found);
      const end = start + found.length;
      if (
        MASKED.test(found) ||
        accept?.(found) === false ||
        spans.some((span) => span.start < end && start < span.end)
      )
        continue;
      spans.push({ start, end, label });
    }
  }
  return spans.sort((a, b) => a.start - b.start);
}

/** Each span, in order of start, replaced by its label in brackets; of two that overlap, the first. */
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
