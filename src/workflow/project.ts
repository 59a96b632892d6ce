import type { Case } from "../evaluate/cases/case.ts";
import { readCases } from "../evaluate/cases/cases.ts";
import { sha256File } from "../formats/files.ts";
import { lorafitHome } from "../home.ts";
import { resolveModel } from "../model/catalog.ts";
import { openModel } from "../model/open.ts";
import { refuseEncoder } from "../model/programs.ts";
import type { WeightSource } from "../model/weights.ts";
import type { Task } from "../task/load.ts";

export interface ProjectOptions {
  /** Model cache; by default LORAFIT_HOME. */
  readonly home?: string;
  /** Stops training, export and evaluation at the next safe place. */
  readonly signal?: AbortSignal | undefined;
}

/** A task with its base and its cases, each opened when first used and then kept. */
export class Project {
  readonly task: Task;
  readonly home: string;
  readonly signal: AbortSignal | undefined;
  #base: WeightSource | undefined;
  #cases: { readonly key: string; readonly cases: readonly Case[] } | undefined;

  constructor(task: Task, { home = lorafitHome(), signal }: ProjectOptions = {}) {
    this.task = task;
    this.home = home;
    this.signal = signal;
  }

  /** The base that the task names. @throws as resolveModel and openModel do; usage error for an encoder */
  get base(): WeightSource {
    if (this.#base !== undefined) return this.#base;
    const base = openBase(this.task.base, this.home, this.task.folder);
    refuseEncoder(base.config, this.task.base);
    this.#base = base;
    return base;
  }

  /** The cases of all packs; parsed again only when a file has changed. @throws as readCases does */
  get cases(): readonly Case[] {
    const { cases, policy } = this.task.paths;
    const key = [...Object.values(cases), policy].map(sha256File).join();
    if (this.#cases?.key !== key) this.#cases = { key, cases: readCases(this.task) };
    return this.#cases.cases;
  }
}

/** Opens a base by path (relative to `folder`), by a name of the catalog, or by hf:org/name[@rev]. */
export const openBase = (name: string, home: string, folder = "."): WeightSource =>
  openModel(resolveModel(name, { home, folder }), { cacheDir: home });
