import type { Command } from "commander";
import { addBench } from "./bench.ts";
import { addCurate } from "./curate.ts";
import { addDebug } from "./debug/debug.ts";
import { addDoctor } from "./doctor.ts";
import { addDrift, addDue } from "./drift.ts";
import { addExport } from "./export.ts";
import { addGenerate } from "./generate.ts";
import { addInit } from "./init.ts";
import { addInspect } from "./inspect.ts";
import { addLock } from "./lock.ts";
import { addModels } from "./models.ts";
import { addPage } from "./page.ts";
import { addPull } from "./pull.ts";
import { addQuickstart } from "./quickstart.ts";
import { addRelease } from "./release.ts";
import { addRun } from "./run.ts";
import { addSetup } from "./setup.ts";
import { addSign } from "./sign.ts";
import { addSweep } from "./sweep/sweep.ts";
import type { Context } from "./terminal/context.ts";
import { addJudging } from "./terminal/judge.ts";
import { addTrain } from "./train.ts";

/** Adds one verb or a group of verbs. --help, --json and --quiet are added to each. */
export type AddVerb = (program: Command, context: Context) => void;

/** In the order in which `lorafit --help` lists them. */
export const VERBS: readonly AddVerb[] = [
  addQuickstart,
  addInit,
  addModels,
  addPull,
  addCurate,
  addPage,
  addLock,
  addSweep,
  addTrain,
  addExport,
  addJudging,
  addRun,
  addSign,
  addRelease,
  addInspect,
  addDrift,
  addDue,
  addGenerate,
  addDoctor,
  addSetup,
  addBench,
  addDebug,
];
