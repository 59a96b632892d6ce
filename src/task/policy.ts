import { LorafitError, listMistakes } from "../errors.ts";

/** One numbered rule of a policy file. */
export interface PolicyRule {
  id: string;
  critical: boolean;
  text: string;
  line: number;
}

const RULE = /^(?:[-*]\s+)?([A-Z]{1,4}\d{1,5})\s+(\(critical\)\s+)?(\S.*)$/;

/** A table's row as a line of prose: `| R4 | City bike | £16 a day |` is `R4 City bike, £16 a day`. */
function withoutBars(line: string): string {
  if (!/^\|.*\|$/.test(line)) return line;
  const [id, ...cells] = line
    .slice(1, -1)
    .split("|")
    .map((cell) => cell.trim())
    .filter((cell) => cell !== "");
  return `${id ?? ""} ${cells.join(", ")}`;
}

/**
 * Reads the rules of a policy, one per line: `R12 (critical) Final sale items cannot be returned.` A list item and a row of a table
 * with the id in its first cell are rules too. Other lines are prose.
 */
export function parsePolicy(content: string, file: string): PolicyRule[] {
  const rules = new Map<string, PolicyRule>();
  const mistakes: string[] = [];
  for (const [index, line] of content.split(/\r?\n/).entries()) {
    const match = RULE.exec(withoutBars(line.trim()));
    if (match === null) continue;
    const rule = { id: match[1]!, critical: match[2] !== undefined, text: match[3]!, line: index + 1 };
    const earlier = rules.get(rule.id);
    if (earlier !== undefined)
      mistakes.push(`${file}:${rule.line}: rule ${rule.id} is already in line ${earlier.line}`);
    else rules.set(rule.id, rule);
  }
  if (rules.size === 0) mistakes.push(`${file}: has no rule such as "R1 Text of the rule."`);
  if (mistakes.length > 0) {
    throw new LorafitError("data", `the policy cannot be read:\n${listMistakes(mistakes)}`, {
      hint: "number each rule once, one rule a line",
    });
  }
  return [...rules.values()];
}
