import { rmSync } from "node:fs";
import { join } from "node:path";
import { LorafitError, listMistakes } from "../../errors.ts";
import { makeFolder, writeFileAtomic, writing } from "../../formats/files.ts";
import { jsonText } from "../../formats/json.ts";
import type { TrainEvent } from "../../train/events.ts";
import type { Project } from "../project.ts";
import { findBudget } from "../repair/repair.ts";
import { claim, isOwner, type Owner } from "./claim.ts";
import { type PartResult, readPart, runPart } from "./part.ts";
import { sweepPicture } from "./picture.ts";
import {
  configurationOf,
  planNext,
  planSweep,
  readPlan,
  readRung,
  rungFiles,
  SHARES,
  type SweepPlan,
  survivors,
  sweepFolder,
} from "./plan.ts";
import { compare, fits, ranked } from "./ranking.ts";
import type { SweepResult, SweepRow } from "./result.ts";
import { type Configuration, defaultSpace, type Space } from "./space.ts";

/** A part of the current rung that has no result, with the reason. */
export interface OpenPart {
  readonly index: number;
  readonly why: string;
}

export type SweepEvent =
  | {
      readonly event: "sweep-plan";
      readonly rung: number;
      readonly rungs: number;
      readonly share: number;
      readonly parts: number;
      readonly file: string;
    }
  | {
      readonly event: "sweep-part";
      readonly state: "started" | "done" | "kept";
      /** Position in the rung, from 1 on. */
      readonly number: number;
      readonly of: number;
      readonly configuration: number;
      readonly settings: Configuration;
      readonly result: Pick<PartResult, "loss" | "general_lost" | "seconds" | "failed"> | null;
    }
  | { readonly event: "sweep-open"; readonly rung: number; readonly open: readonly OpenPart[] }
  | {
      readonly event: "sweep-end";
      readonly file: string;
      readonly picture: string;
      readonly result: SweepResult;
    };

export interface SweepOptions {
  readonly engine?: string | undefined;
  /** Values of the settings; absent: those of the plan that exists, else the default space. */
  readonly space?: Space | undefined;
  /** Trains parts of a rung in other processes, before the remaining ones are trained here. */
  readonly elsewhere?: ((plan: SweepPlan) => Promise<void>) | undefined;
  /** Forgets an earlier sweep. */
  readonly fresh?: boolean | undefined;
}

/** Plan of the current rung; written when there is none. */
export function openPlan(project: Project, { space, fresh }: SweepOptions): SweepPlan {
  const folder = sweepFolder(project);
  if (fresh) writing(folder, () => rmSync(folder, { recursive: true, force: true }));
  const plan = readPlan(project, space) ?? planSweep(project, space ?? defaultSpace(project.task.train));
  writing(folder, () => makeFolder(join(folder, "runs")));
  return plan;
}

const planned = (project: Project, plan: SweepPlan): SweepEvent => ({
  event: "sweep-plan",
  rung: plan.rung,
  rungs: SHARES.length,
  share: plan.share,
  parts: plan.parts.length,
  file: rungFiles(sweepFolder(project), plan.rung).plan,
});

/** The plan of the current rung, without training anything. */
export async function* planOnly(
  project: Project,
  options: SweepOptions,
): AsyncGenerator<SweepEvent, SweepPlan> {
  const plan = openPlan(project, options);
  yield planned(project, plan);
  return plan;
}

/**
 * Trains one part of the current rung, counted from 0, unless it has a result.
 * @throws usage error for an index that the rung does not have, or for a part that another process trains
 */
export async function* sweepIndex(
  project: Project,
  index: number,
  options: SweepOptions,
): AsyncGenerator<SweepEvent | TrainEvent> {
  const plan = openPlan(project, options);
  if (plan.parts[index] === undefined)
    throw new LorafitError(
      "usage",
      `--index ${index}: rung ${plan.rung} has ${plan.parts.length} parts, counted from 0`,
      {
        hint: "`lorafit sweep --plan` prints them",
      },
    );
  const owner = yield* doPart(project, plan, index, options);
  if (owner !== undefined)
    throw new LorafitError("usage", `--index ${index}: ${heldBy(owner)}`, {
      hint: "wait for it, or end that process",
    });
}

const heldBy = ({ host, pid, since }: Owner): string =>
  `process ${pid} on ${host} has been training it since ${since}`;

/** @returns the owner of the part where another process trains it */
async function* doPart(
  project: Project,
  plan: SweepPlan,
  at: number,
  { engine }: SweepOptions,
): AsyncGenerator<SweepEvent | TrainEvent, Owner | undefined> {
  const folder = sweepFolder(project);
  const index = plan.parts[at]!;
  const about = {
    event: "sweep-part" as const,
    number: at + 1,
    of: plan.parts.length,
    configuration: index,
    settings: configurationOf(plan, index),
  };
  const kept = readPart(folder, plan, index);
  if (typeof kept === "object" && "plan" in kept) {
    yield { ...about, state: "kept", result: kept };
    return undefined;
  }
  const held = claim(rungFiles(folder, plan.rung).claim(index));
  if (isOwner(held)) return held;
  try {
    yield { ...about, state: "started", result: null };
    const result = yield* runPart(project, plan, index, engine);
    yield { ...about, state: "done", result };
  } finally {
    held.release();
  }
  return undefined;
}

/** Parts of the rung without a usable result. */
export function openParts(project: Project, plan: SweepPlan): OpenPart[] {
  return plan.parts.flatMap((configuration, index) => {
    const result = readPart(sweepFolder(project), plan, configuration);
    if (result === "missing") return [{ index, why: "has no result" }];
    return "broken" in result ? [{ index, why: `its result is not used: ${result.broken}` }] : [];
  });
}

/**
 * Trains the parts of every rung that have no usable result, and merges: ranks a rung, plans the next one from its best third, and writes
 * result.json and sweep.html after the last. Never reads cases.
 * @returns the result; undefined while other processes train parts of the current rung
 */
export async function* sweepTask(
  project: Project,
  options: SweepOptions = {},
): AsyncGenerator<SweepEvent | TrainEvent, SweepResult | undefined> {
  let plan = openPlan(project, options);
  for (;;) {
    yield planned(project, plan);
    await options.elsewhere?.(plan);
    const left: OpenPart[] = [];
    for (const at of plan.parts.keys()) {
      const owner = yield* doPart(project, plan, at, options);
      if (owner !== undefined) left.push({ index: at, why: heldBy(owner) });
    }
    const open = left.filter(({ index }) => openParts(project, plan).some((part) => part.index === index));
    if (open.length > 0) {
      yield { event: "sweep-open", rung: plan.rung, open };
      return undefined;
    }
    if (plan.rung === SHARES.length - 1) break;
    const order = ranked(resultsOf(project, plan), findBudget(project.task)?.aim);
    plan = planNext(
      sweepFolder(project),
      plan,
      order
        .slice(0, survivors(order.length))
        .map(({ configuration }) => configuration)
        .sort((a, b) => a - b),
    );
  }
  const result = resultOf(project, plan);
  const folder = sweepFolder(project);
  const [file, picture] = [join(folder, "result.json"), join(folder, "sweep.html")];
  writeFileAtomic(file, jsonText(result));
  writeFileAtomic(picture, sweepPicture(result));
  yield { event: "sweep-end", file, picture, result };
  return result;
}

function resultsOf(project: Project, plan: SweepPlan): PartResult[] {
  const missing = openParts(project, plan);
  if (missing.length > 0)
    throw new LorafitError(
      "data",
      `rung ${plan.rung} of the sweep is incomplete:\n${listMistakes(missing.map(({ index, why }) => `part ${index} ${why}`))}`,
      { hint: "`lorafit sweep` trains them again" },
    );
  return plan.parts.map((index) => readPart(sweepFolder(project), plan, index) as PartResult);
}

/** Every configuration with its newest rung, best first, and the comparisons of the last rung. */
function resultOf(project: Project, last: SweepPlan): SweepResult {
  const { task } = project;
  const aim = findBudget(task)?.aim;
  const plans = [...SHARES.keys()].map((rung) => readRung(sweepFolder(project), rung));
  const seen = new Set<number>();
  const rows: SweepRow[] = [];
  for (const plan of plans.reverse())
    for (const result of ranked(resultsOf(project, plan), aim)) {
      if (seen.has(result.configuration)) continue;
      seen.add(result.configuration);
      const { sha256: _, plan: __, blocks: ___, ...rest } = result;
      rows.push({
        ...rest,
        settings: configurationOf(plan, result.configuration),
        rung: plan.rung,
        share: plan.share,
        within_budget: fits(result, aim),
      });
    }
  const [best, ...others] = ranked(resultsOf(project, last), aim);
  if (best!.loss === null)
    throw new LorafitError("failed", "every configuration of the sweep diverged", {
      hint: "sweep lower rates with --rate",
    });
  return {
    format_version: 1,
    task: task.name,
    base_sha256: last.inputs.base,
    data_sha256: last.inputs.data,
    seed: task.seed,
    blocks: best!.blocks.length,
    general_aim: aim ?? null,
    rows,
    chosen: best!.configuration,
    settings: configurationOf(last, best!.configuration),
    comparisons: others.filter(({ loss }) => loss !== null).map((other) => compare(best!, other, task.seed)),
  };
}
