import type { CaseText } from "../../data/curate/case-texts.ts";
import type { Proposal } from "../../data/curate/finding.ts";
import { leakage } from "../../data/curate/findings/leakage.ts";
import { conflicts } from "../../data/curate/policy/conflict.ts";
import type { PolicyText } from "../../data/curate/policy/policy.ts";
import { type PrivateFinders, privateFindings } from "../../data/curate/private/private.ts";
import { keptDespite } from "../../data/curate/review/clean.ts";
import type { TrainingRow } from "../../data/row-format.ts";
import { type Precondition, some } from "./preconditions.ts";

/** Rows that a run was trained on, or the reason that they can no longer be read. */
export type TrainedRows =
  | {
      /** The task's own rows, and the general rows that were mixed in. */
      readonly own: readonly TrainingRow[];
      readonly replay: readonly TrainingRow[];
      readonly cases: readonly CaseText[];
      readonly policy: PolicyText;
      readonly groupKey: string | undefined;
    }
  | { readonly lost: string };

type Held = Exclude<TrainedRows, { lost: string }>;

/** Findings that training rows may not have, by the detector of curation, and the evidence when there is none. */
const LOOKS: readonly {
  readonly name: Precondition["name"];
  readonly find: (rows: Held, finders: PrivateFinders) => Proposal[];
  readonly clean: (rows: Held) => string;
}[] = [
  {
    name: "no case was trained on",
    find: ({ own, replay, cases, groupKey }) => leakage([...own, ...replay], cases, groupKey).findings,
    clean: ({ own, replay, cases }) =>
      `${own.length + replay.length} rows compared with ${cases.length} cases`,
  },
  {
    name: "nothing private was trained on",
    // Replay rows are left out: they are public text or the base's own answers.
    find: ({ own }, finders) => own.flatMap((row) => privateFindings(row, finders)),
    clean: ({ own }) => `no personal data and no secret in ${own.length} rows`,
  },
  {
    name: "nothing contradictory was trained on",
    find: ({ own, policy }) => {
      // Rows that a reviewer kept in spite of a conflict are not compared with the others.
      const judged = own.filter((row) => !keptDespite(row, "conflict"));
      return conflicts(judged, policy).filter(({ severity }) => severity === "error");
    },
    clean: ({ own, policy }) => `${own.length} rows compared with each other and with ${policy.length} rules`,
  },
];

/** Preconditions on the run's own training rows. */
export function dataPreconditions(rows: TrainedRows, finders: PrivateFinders): Precondition[] {
  return LOOKS.map(({ name, find, clean }) => {
    if ("lost" in rows) return { name, outcome: "inconclusive", evidence: rows.lost };
    const places = find(rows, finders).map(({ kind, file, line }) => `${file}:${line} (${kind})`);
    return {
      name,
      outcome: places.length === 0 ? "pass" : "fail",
      evidence: places.length === 0 ? clean(rows) : `found ${places.length} times: ${some(places)}`,
    };
  });
}
