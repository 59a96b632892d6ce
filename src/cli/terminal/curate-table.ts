import { basename } from "node:path";
import pc from "picocolors";
import type { CurateSummary } from "../../data/curate/curate.ts";
import { type Finding, type FindingKind, KINDS, placeOf } from "../../data/curate/finding.ts";

/** Maximum length of an example in characters; curation.json has the whole text. */
const WIDTH = 100;
const DONE: Readonly<Record<Finding["action"], string>> = {
  drop: "dropped",
  mask: "masked",
  repair: "repaired",
  keep: "kept",
  review: "for you to judge",
};

/** Table of findings by kind: count, severity, what was done or is proposed, and an example. */
export function findingsTable(findings: readonly Finding[]): string[] {
  const kinds = Object.keys(KINDS) as FindingKind[];
  return kinds.flatMap((kind) => {
    const own = findings.filter((finding) => finding.kind === kind);
    if (own.length === 0) return [];
    const errors = own.filter(({ severity }) => severity === "error").length;
    const grave =
      errors === own.length ? pc.red("error  ") : errors > 0 ? pc.red("mixed  ") : pc.yellow("warning");
    const open = own.find(({ decided_by }) => decided_by === null);
    const example = open ?? own[0]!;
    const line = `${basename(example.file)}:${example.line}: ${example.evidence}`;
    return [
      `${String(own.length).padStart(6)}  ${pc.bold(kind.padEnd(15))}  ${grave}  ${outcomes(own)}`,
      pc.dim(`        ${line.length > WIDTH ? `${line.slice(0, WIDTH - 1)}…` : line}`),
    ];
  });
}

/**
 * Every finding of a kind: place, reason, the row or rule that it is compared with, what was done or is proposed; below it the
 * texts of the row, of the other one and of the rule.
 */
export function findingsOf(kind: FindingKind, { findings, texts }: CurateSummary): string[] {
  const own = findings.filter((finding) => finding.kind === kind);
  if (own.length === 0) return [`no finding of the kind ${kind}`];
  return own.flatMap((finding) => {
    const { other, rule } = finding;
    const beside =
      other === undefined || texts.get(placeOf(other)) === texts.get(rule ?? "") ? undefined : other;
    const sides: [name: string, key: string | undefined][] = [
      [`line ${finding.line}`, placeOf(finding)],
      [`line ${beside?.line} of ${basename(beside?.file ?? "")}`, beside && placeOf(beside)],
      ["rule", rule],
    ];
    const compared = finding.other === undefined ? "" : ` (${placeOf(finding.other)})`;
    return [
      `${pc.bold(placeOf(finding))}: ${finding.evidence}${compared} ${pc.dim(`[${outcomes([finding]).slice(2)}]`)}`,
      ...sides.flatMap(([name, key]) => {
        const text = key === undefined ? undefined : texts.get(key);
        return text === undefined ? [] : [pc.dim(`    ${name}: ${text}`)];
      }),
    ];
  });
}

/** "20 masked, 5 to drop", decided ones first. */
function outcomes(findings: readonly Finding[]): string {
  const counts = new Map<string, number>();
  for (const { action, decided_by } of [...findings].sort(
    (a, b) => Number(a.decided_by === null) - Number(b.decided_by === null),
  )) {
    const outcome = decided_by === null && action !== "review" ? `open: ${action}?` : DONE[action];
    counts.set(outcome, (counts.get(outcome) ?? 0) + 1);
  }
  return [...counts].map(([outcome, count]) => `${count} ${outcome}`).join(", ");
}

/** Next steps for the user. */
export function nextSteps({ findings, unresolvedErrors, staleDecisions, paths }: CurateSummary): string[] {
  const open = findings.filter(({ decided_by }) => decided_by === null).length;
  const waiting = unresolvedErrors.length;
  const lines: string[] = [];
  if (open > 0) {
    const errors =
      waiting === 0 ? "" : ` (${waiting} ${waiting === 1 ? "error stops" : "errors stop"} a run)`;
    const text = `${open} ${open === 1 ? "finding waits" : "findings wait"} for a person${errors}: write accept, reject or edit into ${paths.review}, then curate again`;
    lines.push(waiting === 0 ? text : pc.yellow(text));
  }
  if (staleDecisions.length > 0) {
    const example = staleDecisions[0]!;
    const row = example.transcript_id ?? example.content_sha256.slice(0, 12);
    lines.push(
      pc.yellow(
        `${staleDecisions.length} ${staleDecisions.length === 1 ? "decision has" : "decisions have"} no row any more, such as ${example.decision} of ${row} by ${example.by}: decide again, or remove them`,
      ),
    );
  }
  return lines;
}
