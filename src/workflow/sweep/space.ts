import { LorafitError, listMistakes } from "../../errors.ts";
import type { Task } from "../../task/load.ts";
import { applySettings } from "../../task/override.ts";
import type { TrainSettings } from "../../task/settings.ts";

/** Settings that a sweep varies, in the order of the table's columns. */
export const SWEPT = ["learning_rate", "rank", "epochs", "targets"] as const;
export type Swept = (typeof SWEPT)[number];

/** Values of a setting, as task.yaml would have them. */
export type Space = Readonly<Partial<Record<Swept, readonly unknown[]>>>;

/** One combination of the space, with every setting that its training overrides. */
export type Configuration = Readonly<Partial<Record<Swept | "alpha", unknown>>>;

/** Factors on the task's learning rate: half decades. */
const RATES = [0.1, 10 ** -0.5, 1, 10 ** 0.5];

/** Space of a sweep for which nothing is asked: the rate by half decades around the task's, the rank and its half. */
export function defaultSpace({ learning_rate, rank }: TrainSettings): Space {
  const rates = RATES.map((factor) => Number((learning_rate * factor).toPrecision(2)));
  return {
    learning_rate: rates.filter((rate) => rate <= 1),
    rank: [...new Set([Math.max(1, rank >> 1), rank])],
  };
}

/**
 * Every combination of the space. alpha follows the rank, so that the scale alpha / rank remains the task's.
 * @throws usage error that lists every value that task.yaml would refuse
 */
export function configurationsOf(task: Task, space: Space): Configuration[] {
  const all = SWEPT.reduce<Configuration[]>(
    (done, key) => {
      const values = space[key];
      return values === undefined
        ? done
        : done.flatMap((one) => values.map((value) => ({ ...one, [key]: value })));
    },
    [{}],
  );
  const configurations = all.map((one) =>
    one.rank === undefined || typeof one.rank !== "number"
      ? one
      : { ...one, alpha: (task.train.alpha * one.rank) / task.train.rank },
  );
  const mistakes = new Set<string>();
  for (const configuration of configurations) {
    try {
      taskOf(task, configuration);
    } catch (error) {
      if (!LorafitError.is(error)) throw error;
      for (const line of error.message.split("\n").slice(1)) mistakes.add(line.trim());
    }
  }
  if (mistakes.size > 0)
    throw new LorafitError("usage", `the space cannot be swept:\n${listMistakes([...mistakes])}`, {
      hint: "`lorafit sweep --help` shows how values are given",
    });
  return configurations;
}

/** `learning_rate=0.001`, for --set and for people. */
export const assignments = (configuration: Configuration): string[] =>
  Object.entries(configuration).map(([key, value]) => `${key}=${JSON.stringify(value)}`);

/** The task with the settings of a configuration. */
export const taskOf = (task: Task, configuration: Configuration): Task =>
  applySettings(task, assignments(configuration));
