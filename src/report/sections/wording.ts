import { median } from "simple-statistics";
import type { Answered, AnswerRow } from "../../evaluate/answers/answer-row.ts";
import { styleFailure } from "../../evaluate/checks/conduct.ts";
import { percent } from "../../formats/percent.ts";
import type { StyleRule } from "../../task/schema.ts";
import { html, type Markup } from "../markup.ts";

const SIDES = ["base", "tuned"] as const;
type Side = (typeof SIDES)[number];

/** Row of the table: a measure and its values for base and tuned. */
interface Measure {
  name: string;
  of: (side: Side) => string;
}

/** Style rules kept, lengths, and consistency over paraphrases, of base and tuned. Undefined without generated answers. */
export function wordingSection(
  answers: readonly AnswerRow[],
  style: readonly StyleRule[],
): Markup | undefined {
  const spoken = answers.filter((row) => row.kind === "chat" && row.tuned.output !== undefined);
  if (spoken.length === 0) return undefined;
  const outputs = (side: Side) => spoken.map((row) => row[side].output ?? "");
  const share = (side: Side, holds: (answer: Answered) => boolean) =>
    percent(spoken.filter((row) => holds(row[side])).length / spoken.length);
  const groups = paraphraseGroups(spoken);
  const measures: Measure[] = [
    ...style.map((rule) => ({
      name: `style rule “${rule.name}” kept`,
      of: (side: Side) => share(side, ({ output }) => styleFailure(rule, output ?? "") === undefined),
    })),
    { name: "words in an answer, median", of: (side) => `${median(outputs(side).map(wordsIn))}` },
    { name: "cut off at max_new_tokens", of: (side) => share(side, ({ finish }) => finish === "length") },
    {
      name: "different answers",
      of: (side) => `${new Set(outputs(side)).size} of ${spoken.length}`,
    },
  ];
  const kinds = ["all pass", "some pass", "none passes"] as const;
  const consistency: Measure[] = kinds.map((kind) => ({
    name: `of ${groups.length} groups of paraphrases: ${kind}`,
    of: (side) => percent(groups.filter((group) => outcomeOf(group, side) === kind).length / groups.length),
  }));
  const rows = groups.length === 0 ? measures : [...measures, ...consistency];
  return html`<div class="scroll"><table><caption>Over ${spoken.length} answers</caption>
<thead><tr><th scope="col">Measure</th><th scope="col" class="number">Base</th><th scope="col" class="number">Tuned</th></tr></thead>
<tbody>${rows.map(({ name, of }) => html`<tr><th scope="row">${name}</th>${SIDES.map((side) => html`<td class="number">${of(side)}</td>`)}</tr>`)}</tbody></table></div>
<p class="soft">Where only some paraphrases of a question pass, the answer depends on how a customer puts it.</p>`;
}

const wordsIn = (text: string) => text.split(/\s+/).filter((word) => word !== "").length;

/** Clusters of more than one case: paraphrases of one question. */
function paraphraseGroups(rows: readonly AnswerRow[]): AnswerRow[][] {
  const groups = new Map<string, AnswerRow[]>();
  for (const row of rows) groups.set(row.cluster, [...(groups.get(row.cluster) ?? []), row]);
  return [...groups.values()].filter((group) => group.length > 1);
}

function outcomeOf(group: readonly AnswerRow[], side: Side): "all pass" | "some pass" | "none passes" {
  const passed = group.filter((row) => row[side].score === 1).length;
  if (passed === group.length) return "all pass";
  return passed === 0 ? "none passes" : "some pass";
}
