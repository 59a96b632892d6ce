import { relative } from "node:path";
import { normalise } from "../../embed/normalise.ts";
import { LorafitError, listMistakes } from "../../errors.ts";
import type { Message } from "../../tokens/chat-template.ts";
import { dataLines } from "../lines.ts";
import type { Place } from "./finding.ts";
import { labelOf } from "./text/exchanges.ts";
import { expectsHandOver } from "./text/hand-over.ts";

/** Texts of a held-out case that the model is given. */
export interface CaseText extends Place {
  /** All user turns, or the text; normalised. */
  readonly prompt: string;
  /** The user's last turn, of a conversation. */
  readonly lastTurn: string | undefined;
  /** True if it expects a hand-over; undefined without checks. */
  readonly handsOver: boolean | undefined;
  readonly groups: readonly string[];
  /** Its class, where it is a text with a label. */
  readonly label: string | undefined;
}

/**
 * The prompts of the case files (JSONL, or CSV with `text`). Rows without one, such as minimal pairs, are left out.
 * @throws data error for lines that are not rows
 */
export function readCaseTexts(files: readonly string[], groupKey: string | undefined): CaseText[] {
  const mistakes: string[] = [];
  const cases: CaseText[] = [];
  for (const path of files) {
    const file = relative(process.cwd(), path) || path;
    for (const found of dataLines(path)) {
      const { line } = found;
      if ("problem" in found) {
        mistakes.push(`${file}:${line}: ${found.problem}`);
        continue;
      }
      const asked = askedIn(found.value);
      if (asked === undefined) continue;
      const groups = ["cluster", ...(groupKey === undefined ? [] : [groupKey])]
        .map((key) => found.value[key])
        .filter((group) => typeof group === "string");
      cases.push({
        file,
        line,
        prompt: normalise(asked.join(" ")),
        lastTurn: "messages" in found.value ? asked.at(-1) : undefined,
        handsOver: expectsHandOver(found.value["checks"]),
        groups,
        label: labelOf(found.value),
      });
    }
  }
  if (mistakes.length > 0) throw new LorafitError("data", `cases cannot be used:\n${listMistakes(mistakes)}`);
  return cases;
}

/** The user's turns, or the text as the only one. */
function askedIn(row: Readonly<Record<string, unknown>>): string[] | undefined {
  if (Array.isArray(row["messages"])) {
    const users = (row["messages"] as Partial<Message>[]).filter((message) => message?.role === "user");
    return users.map((message) => String(message.content));
  }
  return typeof row["text"] === "string" ? [row["text"]] : undefined;
}
