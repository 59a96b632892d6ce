import { existsSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { diffWords } from "diff";
import * as z from "zod";
import { type FindingKind, KINDS, type Place } from "../data/curate/finding.ts";
import { readPolicy } from "../data/curate/policy/policy.ts";
import { masked, type PrivateFinders, privateFinders } from "../data/curate/private/private.ts";
import { readReview } from "../data/curate/review/review.ts";
import { spoken } from "../data/curate/text/text.ts";
import { dataLines } from "../data/lines.ts";
import { appendedLines, writeFileAtomic } from "../formats/files.ts";
import { sha256 } from "../formats/hash.ts";
import type { Task } from "../task/load.ts";
import { PageError } from "./access.ts";

type Raw = Readonly<Record<string, unknown>>;

const message = z.looseObject({ role: z.string(), content: z.string() });

/** A decision on lines of the queue. */
export const decisionRequest = z.strictObject({
  /** sha256 of the lines as they were shown. */
  ids: z.array(z.string()).min(1),
  decision: z.enum(["accept", "reject", "edit", "drop", "keep"]),
  by: z.string().trim().min(1, "your name is missing").max(200),
  reason: z.string().trim().max(2000).default(""),
  /** The corrected row, for an edit of one line. */
  content: z
    .strictObject({
      messages: z.array(message).min(1).optional(),
      text: z.string().optional(),
      prompt: z.string().optional(),
      completion: z.string().optional(),
    })
    .optional(),
});

/** A piece of a text: of both texts, or of one only. */
export interface Piece {
  readonly text: string;
  readonly only: boolean;
}

/** A finding as the page shows it. Texts are masked. */
export interface Item {
  readonly id: string;
  readonly kind: string;
  readonly place: string;
  readonly severity: string;
  readonly evidence: string;
  readonly proposal: string;
  readonly decision: string | null;
  readonly by: string;
  readonly reason: string;
  readonly content: Raw;
  readonly row: readonly Piece[];
  readonly other?: { readonly place: string; readonly rule?: string; readonly text: readonly Piece[] };
}

/**
 * The review queue of a task: review.jsonl beside its task.yaml, the file that `lorafit curate` writes and reads. It is read again for
 * each request, so that what an editor writes meanwhile is kept.
 */
export class ReviewQueue {
  readonly #task: Task;
  readonly #file: string;
  readonly #finders: PrivateFinders;
  /** Earlier changes: the lines before, by the line that replaced each. */
  readonly #undo: ReadonlyMap<string, string>[] = [];

  constructor(task: Task) {
    this.#task = task;
    this.#file = join(task.folder, "review.jsonl");
    this.#finders = privateFinders(task.data.personal, readFileSync(task.paths.policy, "utf8"));
  }

  /** Findings by kind with counts, and the items of the queue. @throws data error for a queue or a curation.json that cannot be read */
  read(): {
    readonly curated: boolean;
    readonly kinds: readonly { readonly kind: string; readonly found: number; readonly open: number }[];
    readonly items: readonly Item[];
    readonly undo: number;
  } {
    const curation = join(this.#task.folder, "curation.json");
    const curated = existsSync(curation);
    const counts: Readonly<Record<string, number>> = curated
      ? JSON.parse(readFileSync(curation, "utf8")).counts
      : {};
    const texts = new Texts(this.#task, this.#finders);
    const items = this.#lines().map((line) => this.#item(line, texts));
    const kinds = (Object.keys(KINDS) as FindingKind[])
      .map((kind) => ({
        kind,
        found: counts[kind] ?? 0,
        open: items.filter((item) => item.kind === kind && item.decision === null).length,
      }))
      .filter(({ found, open }) => found + open > 0);
    return { curated, kinds, items, undo: this.#undo.length };
  }

  /**
   * Writes a decision into lines of the queue, all or none.
   * @throws PageError 409 if a line has changed since it was shown
   */
  decide({ ids, decision, by, reason, content }: z.output<typeof decisionRequest>): {
    readonly decided: number;
  } {
    if ((decision === "edit") !== (content !== undefined))
      throw new PageError(400, "an edit needs the corrected row, and nothing else has one");
    if (decision === "edit" && ids.length !== 1) throw new PageError(400, "one row is edited at a time");
    const at = new Date().toISOString();
    const byId = new Map(this.#lines().map((line) => [sha256(line), line]));
    return this.#replace(
      new Map(
        ids.map((id) => {
          const line = byId.get(id);
          if (line === undefined)
            throw new PageError(409, "the queue has changed: look at the finding again");
          const value = { ...(JSON.parse(line) as Raw), ...content, decision, reason, by, at };
          return [line, JSON.stringify(value)];
        }),
      ),
    );
  }

  /** Takes the newest change of this page back. @throws PageError 409 if there is none, or its lines have changed */
  undo(): { readonly undone: number } {
    const before = this.#undo.at(-1);
    if (before === undefined) throw new PageError(409, "there is nothing to take back");
    const { decided } = this.#replace(before);
    // The replacement was itself recorded.
    this.#undo.splice(-2);
    return { undone: decided };
  }

  #lines(): string[] {
    return appendedLines(this.#file);
  }

  #replace(by: ReadonlyMap<string, string>): { readonly decided: number } {
    const lines = this.#lines();
    if ([...by.keys()].some((line) => !lines.includes(line)))
      throw new PageError(409, "the queue has changed: look at the finding again");
    const old = lines.join("\n");
    writeFileAtomic(this.#file, lines.map((line) => `${by.get(line) ?? line}\n`).join(""));
    try {
      readReview(this.#file);
    } catch (error) {
      writeFileAtomic(this.#file, `${old}\n`);
      throw error;
    }
    this.#undo.push(new Map([...by].map(([before, after]) => [after, before])));
    return { decided: by.size };
  }

  #item(line: string, texts: Texts): Item {
    const value = lineSchema.safeParse(parsedLine(line));
    if (!value.success)
      throw new PageError(409, `${this.#file}: a line cannot be read; \`lorafit curate\` names it`);
    const { kind, severity, evidence, action, decision, by, reason, rule, other, ...rest } = value.data;
    const content = Object.fromEntries(
      ["messages", "text", "prompt", "completion"]
        .filter((key) => key in rest)
        .map((key) => [key, rest[key]]),
    );
    const own = spoken(content);
    const place = rest.file === undefined ? "" : `${basename(rest.file)}:${rest.line}`;
    const base = {
      id: sha256(line),
      kind,
      place,
      severity,
      evidence,
      proposal: action,
      decision,
      by,
      reason,
      content,
    };
    const found = texts.of(rule, other);
    if (found === undefined) return { ...base, row: [{ text: own, only: false }] };
    const parts = diffWords(own, found.text);
    const side = (mine: "removed" | "added", theirs: "removed" | "added"): Piece[] =>
      rule === undefined
        ? parts
            .filter((part) => !part[theirs])
            .map((part) => ({ text: part.value, only: part[mine] === true }))
        : [{ text: mine === "removed" ? own : found.text, only: false }];
    return {
      ...base,
      row: side("removed", "added"),
      other: { place: found.place, ...(rule !== undefined && { rule }), text: side("added", "removed") },
    };
  }
}

const place = z.object({ file: z.string(), line: z.number() });
const lineSchema = z.looseObject({
  kind: z.string().default("row"),
  file: z.string().optional(),
  line: z.number().optional(),
  severity: z.string().default("warning"),
  evidence: z.string().default(""),
  action: z.string().default("review"),
  decision: z.string().nullable(),
  by: z.string().default(""),
  reason: z.string().default(""),
  rule: z.string().optional(),
  other: place.optional(),
});

function parsedLine(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

/** Masked texts of the rules, rows and cases that findings are compared with. Only files that the task names are read. */
class Texts {
  readonly #task: Task;
  readonly #finders: PrivateFinders;
  readonly #files = new Map<string, ReadonlyMap<number, Raw>>();

  constructor(task: Task, finders: PrivateFinders) {
    this.#task = task;
    this.#finders = finders;
  }

  of(rule: string | undefined, other: Place | undefined): { place: string; text: string } | undefined {
    if (rule !== undefined) {
      const found = readPolicy(this.#task.paths.policy).find(({ id }) => id === rule);
      return found && { place: `${basename(found.file)}:${found.line}`, text: found.text };
    }
    const { train, cases } = this.#task.paths;
    const file = other && nearestPath(other.file, [...train, ...Object.values(cases)]);
    if (other === undefined || file === undefined) return undefined;
    const raw = this.#rowsOf(file).get(other.line);
    if (raw === undefined) return undefined;
    const text = spoken(masked(raw, ["personal-data", "secret"], this.#finders));
    return { place: `${basename(file)}:${other.line}`, text };
  }

  #rowsOf(file: string): ReadonlyMap<number, Raw> {
    let rows = this.#files.get(file);
    if (rows === undefined) {
      rows = new Map(
        dataLines(file).flatMap((line) => ("value" in line ? [[line.line, line.value] as const] : [])),
      );
      this.#files.set(file, rows);
    }
    return rows;
  }
}

/** The file of a task that a finding means: the one with the longest common end, since findings are relative to an earlier working folder. */
function nearestPath(meant: string, files: readonly string[]): string | undefined {
  const reversed = (path: string): string[] => path.split(/[\\/]/).reverse();
  const wanted = reversed(meant);
  const common = (path: string): number => {
    const parts = reversed(path);
    const end = parts.findIndex((part, i) => part !== wanted[i]);
    return end < 0 ? parts.length : end;
  };
  const best = files.toSorted((a, b) => common(b) - common(a))[0];
  return best !== undefined && common(best) > 0 ? best : undefined;
}
