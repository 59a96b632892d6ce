import pc from "picocolors";
import { jointPower, type PowerNote } from "../../evaluate/decision/power.ts";
import { counted } from "../../formats/counted.ts";
import { percent } from "../../formats/percent.ts";

/** Power of the cases, a line for each criterion; those with too few clusters are highlighted. */
export function powerText(notes: readonly PowerNote[]): string {
  const width = Math.max(0, ...notes.map(({ name }) => name.length));
  const joint = jointPower(notes);
  const unknown =
    joint.unknown.length === 0 ? "" : `; without ${joint.unknown.join(", ")}, for which nothing is planned`;
  return [
    `${pc.bold("power")}: with 90 %, before anything is known of the answers (docs/gate.md says what is assumed)`,
    ...notes.map((note) => `  ${note.name.padEnd(width)}  ${noteText(note)}`),
    `  all together, each with its planned effect: ${percent(joint.independent)} if they are independent, at least ${percent(joint.at_least)}${unknown}`,
  ].join("\n");
}

function noteText({ scorer, cases, clusters, ...note }: PowerNote): string {
  const entropy = scorer === "cross-entropy";
  const size = (value: number): string =>
    entropy ? `${value.toFixed(3)} nat` : `${(100 * value).toFixed(1)} points`;
  const has = `${counted(cases, "case")} in ${counted(clusters, "cluster")}`;
  const enough = (text: string, needed: number | null) =>
    needed === null || clusters < needed ? pc.yellow(text) : text;
  const count = (needed: number | null) =>
    needed === null ? "more than can be had" : needed.toLocaleString("en");
  if (note.detectable === undefined)
    return `${has}; ${enough(`none failing needs ${count(note.needed!)} at risk`, note.needed!)}`;
  const possible = entropy || note.detectable <= 1;
  const shown = possible ? `${size(note.detectable)} or more` : "no difference that can be";
  if (note.planned === undefined) return `${has} show ${shown}; no expected score is planned for`;
  const asked = `${size(note.planned)} needs ${count(note.needed!)} clusters`;
  return `${has} show ${shown}; ${enough(asked, note.needed!)}; power ${percent(note.power!)}`;
}
