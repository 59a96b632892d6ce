import type { TrainingRow } from "../../row-format.ts";
import type { Proposal } from "../finding.ts";

/** The end of a finished sentence; an address, a number or a symbol may end an answer without it. */
const FINISHED = /[.!?…:;)\]}"'”’»。！？\p{Extended_Pictographic}\p{Emoji_Modifier}\d%]\s*$/u;
/** Words that no English sentence ends with. */
const UNFINISHED =
  /(?:^|\s)(?:an?|the|to|by|of|with|from|at|for|into|onto|and|or|but|nor|because|if|your|our|their|its|my|is|are|was|were|be|will|would|shall|should|must|which|that|than|as)\s*$/i;
/** A signature: a few words after the last sentence, the last of them a name. */
const SIGNED = /(?:[.!?>\n]\s*)(?:[^\s.!?>]+\s+){0,4}\p{Lu}[\p{L}'’-]*\s*$/u;
/** Share of the answers that may go without a full stop for one without it to count as cut off. */
const CUSTOM = 0.05;
/** Shorter answers, such as a greeting or a label, often go without a full stop. */
const WORDS = 6;
/** Fewer answers do not show a custom. */
const ENOUGH = 20;
/** Characters of the answer's end that the finding quotes. */
const QUOTED = 40;

/** Rows whose last answer breaks off: it ends with a word that needs another, or without a full stop where all others have one. */
export function cutOffAnswers(rows: readonly TrainingRow[]): Proposal[] {
  const answers = rows.flatMap((row) => {
    const last = "text" in row.content ? undefined : row.content.messages.at(-1);
    return last?.role === "assistant" && last.content.trim() !== ""
      ? [{ row, answer: last.content.trim() }]
      : [];
  });
  const open = answers.filter(({ answer }) => !FINISHED.test(answer));
  const rare = answers.length >= ENOUGH && open.length <= CUSTOM * answers.length;
  return open.flatMap(({ row, answer }): Proposal[] => {
    const words = answer.split(/\s+/).length;
    const formal = /^\P{Ll}/u.test(answer) && !SIGNED.test(answer) && words >= WORDS;
    if (!(words > 2 && UNFINISHED.test(answer)) && !(rare && formal)) return [];
    return [
      {
        kind: "truncation",
        file: row.file,
        line: row.line,
        evidence: `the answer breaks off: ${JSON.stringify(`…${answer.slice(-QUOTED)}`)}`,
        severity: "warning",
        action: "drop",
      },
    ];
  });
}
