import type { RowFormat } from "../data/row-format.ts";
import type { ClassHead } from "../lora/config.ts";
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

/** Everything that differs between kinds of task. `kind` in task.yaml names the module. */
export interface TaskKind {
  /** Training rows: reading, checking, encoding. */
  readonly rows: RowFormat;
  /** Appends the loss of a micro-batch to the forward Program. */
  readonly appendLoss: AppendLoss;
  /** Head that is trained beside the adapter's factors; absent: the base's own head is used. */
  readonly head?: ClassHead;
  /** Kinds of case that its packs may hold (evaluate/cases/kinds); a row is of the first that claims it. */
  readonly cases: readonly string[];
  readonly template: TaskTemplate;
}
