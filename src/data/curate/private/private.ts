import { readFileSync } from "node:fs";
import type { TrainingRow } from "../../row-format.ts";
import type { Proposal } from "../finding.ts";
import { mapTexts, texts } from "../text/text.ts";
import { personalData } from "./personal.ts";
import { secrets } from "./secret.ts";
import { type Detector, mask, type Span } from "./spans.ts";

const AROUND = 24;

type PrivateKind = "personal-data" | "secret";
/** Functions that find the spans of each kind. */
export type PrivateFinders = Readonly<Record<PrivateKind, (text: string) => Span[]>>;

/**
 * @param own further patterns of personal data by label, such as a shop's order numbers
 * @param published texts such as the policy, whose addresses and phone numbers are public
 */
export function privateFinders(own: Readonly<Record<string, string>> = {}, published = ""): PrivateFinders {
  const detectors = Object.entries(own).map(
    ([label, source]): Detector => ({ label, pattern: new RegExp(source, "gu") }),
  );
  const compact = (text: string, { start, end }: Span): string =>
    text
      .slice(start, end)
      .toLowerCase()
      .replace(/[^\p{L}\p{N}@]/gu, "");
  const open = new Set(personalData(published, detectors).map((span) => compact(published, span)));
  return {
    "personal-data": (text) => personalData(text, detectors).filter((span) => !open.has(compact(text, span))),
    secret: secrets,
  };
}

/** The finders of a task: its own patterns, and the contact data of its policy left out. */
export function taskFinders(task: {
  readonly data: { readonly personal?: Readonly<Record<string, string>> | undefined };
  readonly paths: { readonly policy: string };
}): PrivateFinders {
  return privateFinders(task.data.personal, readFileSync(task.paths.policy, "utf8"));
}

/** Rows that tell about a person or give access, one finding for each of both kinds. */
export function privateFindings(row: TrainingRow, finders: PrivateFinders): Proposal[] {
  return (["personal-data", "secret"] as const).flatMap((kind): Proposal[] => {
    const found = texts(row.content).map((entry) => ({ ...entry, spans: finders[kind](entry.text) }));
    const first = found.find(({ spans }) => spans.length > 0);
    if (first === undefined) return [];
    const labels = [...new Set(found.flatMap(({ spans }) => spans.map((span) => span.label)))];
    const evidence = `${labels.join(", ")} in ${first.at}: ${excerpt(first.text, first.spans[0]!, finders)}`;
    return [{ kind, file: row.file, line: row.line, evidence, severity: "error", action: "mask" }];
  });
}

/** The words around a span, with everything private in them masked. */
function excerpt(text: string, { start, end }: Span, finders: PrivateFinders): string {
  const [from, to] = [Math.max(0, start - AROUND), Math.min(text.length, end + AROUND)];
  const whole = allSpans(text, ["personal-data", "secret"], finders)
    .filter((span) => span.start < to && span.end > from)
    .map((span) => ({
      ...span,
      start: Math.max(span.start, from) - from,
      end: Math.min(span.end, to) - from,
    }));
  const middle = mask(text.slice(from, to), whole).replace(/\s+/g, " ");
  return `${from > 0 ? "…" : ""}${middle}${to < text.length ? "…" : ""}`;
}

function allSpans(text: string, kinds: Iterable<PrivateKind>, finders: PrivateFinders): Span[] {
  return [...kinds].flatMap((kind) => finders[kind](text)).sort((a, b) => a.start - b.start);
}

/** The row with what these kinds find masked. */
export function masked(
  raw: Readonly<Record<string, unknown>>,
  kinds: Iterable<PrivateKind>,
  finders: PrivateFinders,
): Record<string, unknown> {
  const which = [...kinds];
  return mapTexts(raw, (text) => mask(text, allSpans(text, which, finders)));
}
