import type { Command } from "commander";
import type { Context } from "./context.ts";
import { addTrain } from "./train.ts";

/** Adds one verb; its file has the same name. --help, --json and --quiet are added to each. */
export type AddVerb = (program: Command, context: Context) => void;

/** In the order in which `lorafit --help` lists them. */
export const VERBS: readonly AddVerb[] = [addTrain];
