import { percent } from "../../formats/percent.ts";
import type { RepairRecord } from "./repair.ts";
import type { Trial } from "./trials.ts";

const nat = (value: number): string => value.toFixed(4);
const change = (lost: number): string => `${lost < 0 ? "gains" : "loses"} ${nat(Math.abs(lost))} nat`;

/** Short name of a trial. */
export function trialText({ remedy, step, scale, replay_share }: Trial): string {
  if (remedy === "none") return `as trained, step ${step}`;
  const share = remedy === "more replay" ? [`${percent(replay_share)} general text`] : [];
  const parts = [...share, `step ${step}`, ...(scale === 1 ? [] : [`scale ${scale}`])];
  return `${remedy}: ${parts.join(", ")}`;
}

export const lossText = (trial: Trial & { readonly lost: number; readonly within: boolean }): string =>
  `${trialText(trial)}: validation loss ${nat(trial.domain)}, general text ${change(trial.lost)}` +
  `${trial.within ? ", within the budget" : ""}`;

/** Outcome of the repair in one sentence with its numbers. */
export function outcomeText({ criterion, budget, aim, base, trials, chosen, outcome }: RepairRecord): string {
  const trained = trials[0]!;
  const bound = `the budget of "${criterion}" is ${budget} nat a token, of which a repair may use ${nat(aim)}`;
  const lost = `as trained, held-out general text ${change(trained.general - base.general)}; ${bound}`;
  if (outcome === "within budget") return `${lost}: nothing had to be repaired`;
  if (outcome === "not repaired")
    return `${lost}. None of ${trials.length - 1} repairs helped: the adapter stays as trained, and its gate will hardly pass`;
  const trial = trials[chosen]!;
  const kept = (base.domain - trial.domain) / (base.domain - trained.domain);
  return (
    `${lost}. Repaired by ${trialText(trial)}: it ${change(trial.general - base.general)} ` +
    `and keeps ${percent(kept)} of the gain on the domain's held-out rows`
  );
}
