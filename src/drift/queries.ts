import { relative } from "node:path";
import * as z from "zod";
import { masked, privateFinders } from "../data/curate/private/private.ts";
import { dataLines } from "../data/lines.ts";
import { LorafitError, listMistakes } from "../errors.ts";
import { createRng } from "../rng.ts";

/** A customer's question, with personal data and secrets masked. */
export interface Query {
  readonly line: number;
  readonly text: string;
  /** As the row has it; undefined when it has none. */
  readonly date: string | undefined;
  /** The conversation that it is part of; undefined when the log does not say. */
  readonly session?: string | undefined;
}

const text = z.string({ error: "expected a text" });
const date = z
  .string({ error: "expected a date such as 2026-04-30" })
  .refine((value) => /^\d{4}-\d{2}-\d{2}/.test(value) && !Number.isNaN(Date.parse(value)), {
    error: "expected a date such as 2026-04-30",
  });
const session = z.union([z.string(), z.number()]).transform(String).optional();
const textRow = z
  .looseObject({ text, date: date.optional(), session })
  .refine((row) => row.text.trim() !== "", { error: "is empty", path: ["text"] });
const messagesRow = z
  .looseObject({
    messages: z.array(z.looseObject({ role: z.string(), content: text }), { error: "expected a list" }),
    date: date.optional(),
    session,
  })
  .transform((row) => ({ text: asked(row.messages), date: row.date, session: row.session }))
  .refine((row) => row.text.trim() !== "", { error: "have nothing that a user says", path: ["messages"] });

/** Regular expressions by label: what is personal for one shop, beside what curate knows. */
export type PersonalPatterns = Readonly<Record<string, string>>;

/** Masks personal data and secrets, so that a text may be kept and shown. */
export function masker(personal: PersonalPatterns = {}): (text: string) => string {
  const finders = privateFinders(personal);
  return (text) => masked({ text }, ["personal-data", "secret"], finders)["text"] as string;
}

/** All user turns of a conversation. */
export function asked(messages: readonly { readonly role: string; readonly content: string }[]): string {
  return messages
    .filter(({ role }) => role === "user")
    .map(({ content }) => content)
    .join("\n");
}

/**
 * The queries of a log: JSONL of {"text"} or {"messages"}, with "date" and "session" if known; or CSV with a text column. Masked on reading, so that nothing that
 * is made of them holds personal data.
 * @throws data error that lists every bad line; usage error when the file cannot be read
 */
export function readQueries(path: string, personal?: PersonalPatterns): Query[] {
  const mask = masker(personal);
  const file = relative(process.cwd(), path) || path;
  const mistakes: string[] = [];
  const queries: Query[] = [];
  for (const found of dataLines(path)) {
    const { line } = found;
    if ("problem" in found) {
      mistakes.push(`${file}:${line}: ${found.problem}`);
      continue;
    }
    if (!("text" in found.value) && !("messages" in found.value)) {
      mistakes.push(`${file}:${line}: has neither text nor messages`);
      continue;
    }
    const parsed = ("messages" in found.value ? messagesRow : textRow).safeParse(found.value);
    if (parsed.success) {
      const { text, date, session } = parsed.data;
      queries.push({ line, text: mask(text), date, session });
    } else {
      const issues = parsed.error.issues.map((issue) => `${issue.path.join(".")}: ${issue.message}`);
      mistakes.push(`${file}:${line}: ${issues.join("; ")}`);
    }
  }
  if (queries.length + mistakes.length === 0) mistakes.push(`${file}: has no query`);
  if (mistakes.length > 0) {
    throw new LorafitError("data", `queries cannot be used:\n${listMistakes(mistakes)}`, {
      hint: 'one JSON object a line: {"text": "…", "date": "2026-04-30"} or {"messages": [{"role", "content"}…]}',
    });
  }
  return queries;
}

/**
 * One query of each conversation, in their order; which, a seed decides. A permutation test takes its texts to be independent, and the
 * messages of one conversation are not. A conversation is a `session`; without it, exact repetitions of a text, short ones
 * too: where each message is logged twice, repeated short ones alone cause false alarms (test/long/drift.mjs).
 */
export function oneOfEach(queries: readonly Query[], seed: string): Query[] {
  const rng = createRng(seed);
  const chosen = new Map<string, { query: Query; seen: number }>();
  for (const query of queries) {
    const { session, text } = query;
    const key = session !== undefined ? `session ${session}` : `text ${text}`;
    const known = chosen.get(key);
    if (known === undefined) chosen.set(key, { query, seen: 1 });
    // Reservoir sampling of one: the n-th replaces the choice with probability 1 / n.
    else if (rng.int(++known.seen) === 0) known.query = query;
  }
  const taken = new Set([...chosen.values()].map(({ query }) => query));
  return queries.filter((query) => taken.has(query));
}

/** At most `most` of the items, in their order; which, a seed decides. */
export function sample<T>(items: readonly T[], most: number, seed: string): T[] {
  if (items.length <= most) return [...items];
  const rng = createRng(seed);
  let wanted = most;
  // Selection sampling (Knuth, volume 2, algorithm S).
  return items.filter((_, i) => {
    const taken = rng.next() * (items.length - i) < wanted;
    if (taken) wanted--;
    return taken;
  });
}
