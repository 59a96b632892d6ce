import pc from "picocolors";
import type { PowerNote } from "../evaluate/power.ts";
import type { Task } from "../task/load.ts";
import { taskPower } from "../workflow/lock-task.ts";
import type { Context } from "./context.ts";

/** Says before training what the task's cases can show. */
export function showPower(task: Task, { output }: Context): void {
  const power = taskPower(task);
  output.event({ event: "power", power }, powerText(power));
}

/** What the cases can show, a line for each criterion; those that have too few clusters stand out. */
export function powerText(notes: readonly PowerNote[]): string {
  const size = ({ scorer }: PowerNote, value: number): string =>
    scorer === "cross-entropy" ? `${value.toFixed(3)} nat` : `${(100 * value).toFixed(1)} points`;
  const width = Math.max(0, ...notes.map(({ name }) => name.length));
  const lines = notes.map((note) => {
    const { name, cases, clusters, planned, needed } = note;
    const possible = note.scorer === "cross-entropy" || note.detectable <= 1;
    const shown = possible ? `${size(note, note.detectable)} or more` : "no difference that can be";
    const has = `${cases} cases in ${clusters} clusters show ${shown}`;
    const asked = `${size(note, planned)} needs ${needed} clusters`;
    return `  ${name.padEnd(width)}  ${has}; ${clusters < needed ? pc.yellow(asked) : asked}`;
  });
  return [
    `${pc.bold("power")}: with 90 %, before anything is known of the answers (docs/gate.md says what is assumed)`,
    ...lines,
  ].join("\n");
}
