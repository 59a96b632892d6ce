import { kindOf } from "../../../kinds/index.ts";
import type { Task } from "../../../task/load.ts";
import type { Case } from "../case.ts";
import type { CaseKind } from "./case-kind.ts";
import { chatCase } from "./chat.ts";
import { labelCase } from "./label.ts";
import { pairCase, textCase } from "./likelihood.ts";

/** Every kind of case, by its name in answers.jsonl. */
const CASE_KINDS: Readonly<Record<string, CaseKind>> = {
  chat: chatCase,
  text: textCase,
  pair: pairCase,
  label: labelCase,
};

/** The module of a case's kind. */
export const caseKindOf = ({ body }: Pick<Case, "body">): CaseKind => CASE_KINDS[body.kind]!;

/** The kind of a row in the packs of a task. */
export function caseKindOfRow(task: Task, row: Readonly<Record<string, unknown>>): CaseKind {
  const kinds = kindOf(task).cases.map((name) => CASE_KINDS[name]!);
  return kinds.find((kind) => kind.claims(row)) ?? kinds.at(-1)!;
}
