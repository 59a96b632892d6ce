import type { RowFormat } from "../data/row-format.ts";
import type { AppendLoss } from "../loss/token-loss.ts";

/** Example task that `lorafit init` copies. */
export interface TaskTemplate {
  /** Absolute path. */
  readonly folder: string;
  /** Subject of the example. */
  readonly example: string;
  /** Files and folders that the user replaces, each with its content. */
  readonly parts: readonly (readonly [path: string, content: string])[];
}

/** Everything in training that differs between kinds of task. `kind` in task.yaml names the module. */
export interface TaskKind {
  /** Training rows: reading, checking, encoding. */
  readonly rows: RowFormat;
  /** Appends the loss of a micro-batch to the forward Program. */
  readonly appendLoss: AppendLoss;
  readonly template: TaskTemplate;
}
