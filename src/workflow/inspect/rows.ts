import { dataLines } from "../../data/lines.ts";
import type { TrainingRow } from "../../data/row-format.ts";
import { parseRows } from "../../data/rows.ts";
import { listMistakes } from "../../errors.ts";
import { chat } from "../../kinds/chat/chat.ts";
import type { Inspection } from "./inspection.ts";

type Row = Readonly<Record<string, unknown>>;

const endsWithUser = ({ messages }: Row): boolean =>
  Array.isArray(messages) && (messages.at(-1) as { role?: unknown } | undefined)?.role === "user";

/** Kinds of rows by their keys; the first match counts. */
const KINDS: readonly (readonly [kind: string, fits: (row: Row) => boolean, use: string])[] = [
  ["answers", (row) => "base" in row && "tuned" in row, "what base and tuned model made of the cases"],
  ["metrics", (row) => "event" in row, "the course of a training"],
  ["sign-offs", (row) => "role" in row && "verdict_sha256" in row, "who signed a run"],
  ["looks", (row) => "look" in row && "alpha" in row, "the ledger of looks at the cases"],
  ["review decisions", (row) => "decision" in row, "name the file as data.review in task.yaml"],
  [
    "cases",
    (row) => "checks" in row || ("good" in row && "bad" in row),
    "name the file under cases in task.yaml",
  ],
  ["retrieval rows", (row) => "query" in row && "passage" in row, "pairs of a query and a passage"],
  ["classification rows", (row) => "text" in row && "label" in row, "texts with a label"],
  ["queries", (row) => endsWithUser(row) || ("text" in row && "date" in row), "raw questions of customers"],
  [
    "text cases",
    (row) => "text" in row && "id" in row,
    "texts with ids: cases for the scorer cross-entropy, or training rows",
  ],
  ["training rows", () => true, "name the file as data.train in task.yaml"],
];
const TRAINED = ["training rows", "text cases"];
/** Keys of a row in lorafit's own shape that hold what is trained on, or name the row. */
const READ = new Set(["messages", "prompt", "completion", "text", "rendered", "id"]);

/** Counts the rows of a JSONL or CSV file by kind; of training rows it also lists those that cannot be used. */
export function inspectRows(path: string): Inspection {
  const lines = dataLines(path);
  const counts = new Map<string, number>();
  const broken: string[] = [];
  for (const line of lines) {
    if ("problem" in line) broken.push(`${path}:${line.line}: ${line.problem}`);
    else {
      const [kind] = KINDS.find(([, fits]) => fits(line.value))!;
      counts.set(kind, (counts.get(kind) ?? 0) + 1);
    }
  }
  const nothing = lines.length === 0 ? "empty file" : "unreadable file";
  const [main] = [...counts].sort((a, b) => b[1] - a[1])[0] ?? [nothing];
  const parsed = TRAINED.includes(main) ? parseRows(chat.rows, [path]) : undefined;
  const mistakes = parsed?.mistakes.map(({ file, line, message }) => `${file}:${line}: ${message}`) ?? broken;
  const trainable = TRAINED.includes(main) && mistakes.length === 0;
  const use = KINDS.find(([kind]) => kind === main)?.[2] ?? "there is no row in it";
  return {
    kind: main,
    trainable,
    unusable: counts.size === 0 || parsed?.rows.length === 0,
    use: mistakes.length === 0 ? use : `these lines cannot be used:\n${listMistakes(mistakes, 5)}`,
    facts: {
      rows: lines.length,
      ...(parsed === undefined || parsed.rows.length === 0 ? {} : shapesAndKeys(parsed.rows)),
      ...(counts.size > 1 ? { kinds: [...counts].map(([kind, count]) => `${kind} ${count}`) } : {}),
      ...(mistakes.length === 0 ? {} : { cannot_be_used: mistakes.length }),
    },
  };
}

/** Shapes of the rows with their numbers, and keys that nothing is trained on. */
function shapesAndKeys(rows: readonly TrainingRow[]): Inspection["facts"] {
  const shapes = new Map<string, number>();
  const unread = new Set<string>();
  for (const { shape, raw } of rows) {
    shapes.set(shape, (shapes.get(shape) ?? 0) + 1);
    for (const key of Object.keys(raw)) if (!READ.has(key)) unread.add(key);
  }
  return {
    shapes: [...shapes].map(([shape, count]) => `${shape} ${count}`),
    ...(unread.size === 0 ? {} : { keys_not_trained_on: [...unread].sort() }),
  };
}
