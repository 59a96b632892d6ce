import { createRng } from "../../rng.ts";
import { DRAWS } from "../decision/statistics.ts";

/** Matrix of a pack: which answer passes the checks of which question. */
export interface FitTable {
  /** `passes[i][j]` is 1 when the answer to question j passes the checks of question i. */
  readonly passes: readonly Uint8Array[];
  /** Indices of the questions of each cluster. */
  readonly clusters: readonly (readonly number[])[];
}

/** Share of answers that pass at their own questions, mean share when dealt out, and p of the null that it makes no difference. */
export interface Fit {
  readonly own: number;
  readonly dealt: number;
  readonly p: number;
}

/**
 * False if every deal of the answers passes equally often: a question's checks accept all answers or none, an answer passes everywhere
 * or nowhere, or both add up (passes[i][j] = a[i] + b[j]).
 */
export function dealingMatters({ passes }: FitTable): boolean {
  const [first] = passes;
  return passes.some((row) => row.some((passed, j) => passed - row[0]! !== first![j]! - first![0]!));
}

/**
 * Permutation test: how many answers pass their own questions' checks, against permuted answers. Within each pack the
 * answers of whole clusters are permuted, because paraphrases get similar answers, and rotated within the cluster by a random number
 * of questions. Null: the answers do not depend on the questions. With clusters of one size these deals form a group, and the level is
 * exact (Lehmann and Romano, Testing Statistical Hypotheses, section 15.2); p = (1 + hits) / (1 + draws), which is never
 * 0 (Phipson and Smyth, Statistical Applications in Genetics and Molecular Biology 9, 2010).
 */
export function fitOf(tables: readonly FitTable[], seed: number | string, draws = DRAWS): Fit {
  const rng = createRng(seed);
  const total = (count: (table: FitTable) => number) => tables.reduce((sum, table) => sum + count(table), 0);
  const questions = total(({ passes }) => passes.length);
  const observed = total(({ passes }) => passes.reduce((own, row, i) => own + row[i]!, 0));
  const orders = tables.map(({ clusters }) => clusters.map((_, c) => c));
  let [hits, sum] = [0, 0];
  for (let draw = 0; draw < draws; draw++) {
    let passed = 0;
    for (const [t, { passes, clusters }] of tables.entries()) {
      const order = orders[t]!;
      for (let c = order.length - 1; c >= 0; c--) {
        // Fisher-Yates: order[c] is final from here on.
        const d = rng.int(c + 1);
        [order[c], order[d]] = [order[d]!, order[c]!];
        const answers = clusters[order[c]!]!;
        const turn = rng.int(answers.length);
        for (const [k, i] of clusters[c]!.entries())
          passed += passes[i]![answers[(k + turn) % answers.length]!]!;
      }
    }
    sum += passed;
    if (passed >= observed) hits++;
  }
  return { own: observed / questions, dealt: sum / draws / questions, p: (1 + hits) / (1 + draws) };
}
