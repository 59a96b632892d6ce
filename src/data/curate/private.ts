import type { TrainingRow } from "../rows.ts";
import type { Proposal } from "./finding.ts";
import { mask, personalData, type Span, secrets } from "./personal.ts";
import { texts } from "./text.ts";

const AROUND = 24;

/** Rows that tell about a person or give access, one finding for each of both kinds. */
export function privateFindings(row: TrainingRow): Proposal[] {
  const both = [
    ["personal-data", personalData],
    ["secret", secrets],
  ] as const;
  return both.flatMap(([kind, detect]) => {
    const found = texts(row.content).map((entry) => ({ ...entry, spans: detect(entry.text) }));
    const first = found.find(({ spans }) => spans.length > 0);
    if (first === undefined) return [];
    const labels = [...new Set(found.flatMap(({ spans }) => spans.map((span) => span.label)))];
    const evidence = `${labels.join(", ")} in ${first.at}: ${excerpt(first.text, first.spans[0]!)}`;
    return [{ kind, file: row.file, line: row.line, evidence, severity: "error", action: "mask" } as const];
  });
}

/** The words around a span, with everything private in them masked. */
function excerpt(text: string, { start, end }: Span): string {
  const [from, to] = [Math.max(0, start - AROUND), Math.min(text.length, end + AROUND)];
  const whole = [...personalData(text), ...secrets(text)]
    .filter((span) => span.start < to && span.end > from)
    .map((span) => ({
      ...span,
      start: Math.max(span.start, from) - from,
      end: Math.min(span.end, to) - from,
    }))
    .sort((a, b) => a.start - b.start);
  const middle = mask(text.slice(from, to), whole).replace(/\s+/g, " ");
  return `${from > 0 ? "…" : ""}${middle}${to < text.length ? "…" : ""}`;
}

/** The row as it goes into the clean set, with what the decided kinds find masked. */
export function masked(
  raw: Readonly<Record<string, unknown>>,
  kinds: ReadonlySet<string>,
): Record<string, unknown> {
  const clean = (text: string): string => {
    const spans = [
      ...(kinds.has("personal-data") ? personalData(text) : []),
      ...(kinds.has("secret") ? secrets(text) : []),
    ];
    return mask(
      text,
      spans.sort((a, b) => a.start - b.start),
    );
  };
  const copy: Record<string, unknown> = { ...raw };
  for (const key of ["text", "prompt", "completion"]) {
    if (typeof copy[key] === "string") copy[key] = clean(copy[key]);
  }
  if (Array.isArray(copy["messages"])) {
    copy["messages"] = (copy["messages"] as { content: string }[]).map((message) => ({
      ...message,
      content: clean(message.content),
    }));
  }
  return copy;
}
