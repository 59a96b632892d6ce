import type { TASK_KINDS, TaskSpec } from "../task/schema.ts";
import { chat } from "./chat/chat.ts";
import { classify } from "./classify/classify.ts";
import type { TaskKind, TaskTemplate } from "./kind.ts";

/** The keys of a task that its kind may depend on. */
export type KindKeys = Pick<TaskSpec, "kind" | "labels" | "class_weights" | "data">;

/** Kinds by their name in task.yaml; the schema refuses others. */
const KINDS: { readonly [Kind in (typeof TASK_KINDS)[number]]: (task: KindKeys) => TaskKind } = {
  chat: () => chat,
  classify,
};

/** The kind of a task. */
export const kindOf = (task: KindKeys): TaskKind => KINDS[task.kind](task);

/** Templates of `lorafit init`. */
export const templateOf = (kind: TaskSpec["kind"]): TaskTemplate =>
  kindOf({ kind, class_weights: "none", data: { train: [], validation: 0.1 } }).template;
