import type { TaskSpec } from "../task/schema.ts";
import { chat } from "./chat/chat.ts";
import type { TaskKind } from "./kind.ts";

const KINDS: Readonly<Record<TaskSpec["kind"], TaskKind>> = { chat };

/** The module of a task's kind. The schema of task.yaml refuses other names. */
export function kindOf(name: TaskSpec["kind"]): TaskKind {
  return KINDS[name];
}
