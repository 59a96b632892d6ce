const percent = (share) => `${(100 * share).toFixed(1)} %`;

function byWhat(rows) {
  const groups = new Map();
  for (const row of rows) groups.set(row.what, [...(groups.get(row.what) ?? []), row]);
  return [...groups];
}

const where = ({ clusters, sizes, alike }) =>
  `${clusters} clusters, ${sizes}${alike === null || sizes === "1 each" ? "" : `, alike ${alike}`}`;

/** Each group's worst set of each level. */
function levelRows(rows, levels) {
  return byWhat(rows).map(([what, group]) => {
    const cells = levels.map((_, i) => {
      const row = group.reduce((most, row) => (row.levels[i].upper > most.levels[i].upper ? row : most));
      const place = group.length > 1 ? ` (${where(row)})` : "";
      return `${percent(row.levels[i].passed)}, at most ${percent(row.levels[i].upper)}${place}`;
    });
    return `| ${what} | ${group.length} | ${cells.join(" | ")} |`;
  });
}

/** The tables of docs/gate.md. */
export function gateTruthTables({ level, unprotected, power, sets }, levels) {
  const head = ["| truth | kinds of sets | at a level of 5 % | at 2.5 % |", "| --- | ---: | --- | --- |"];
  return [
    `Of each ${sets.toLocaleString("en")} sets or more, the share that passed although the truth was exactly at the bar, with its one-sided 95 % upper bound (Clopper`,
    "and Pearson). Of several cluster counts, sizes and agreements within clusters the worst is shown; all are in `bench/results/gate-truth.json`.",
    "",
    ...head,
    ...levelRows(level, levels),
    "",
    "**Not promised.** What the scores do not show cannot be protected from. Passes although the truth is at the bar:",
    "",
    ...head,
    ...levelRows(unprotected, levels),
    "",
    "At what is planned, with the clusters that the power note asks for, at the level of the first look (2.5 %):",
    "",
    "| planned | clusters asked for | cases a cluster | passed |",
    "| --- | ---: | --- | ---: |",
    ...power.map((row) => `| ${row.what} | ${row.clusters} | ${row.sizes} | ${percent(row.power)} |`),
  ].join("\n");
}
