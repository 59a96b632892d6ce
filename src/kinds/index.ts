import type { TaskSpec } from "../task/schema.ts";
import { chat } from "./chat/chat.ts";
import type { TaskKind } from "./kind.ts";

type Named = Pick<TaskSpec, "kind">;

/** Kinds by their name in task.yaml; the schema refuses others. A kind may depend on further keys of the task. */
const KINDS: { readonly [Kind in TaskSpec["kind"]]: (task: Named) => TaskKind } = { chat: () => chat };

/** The kind of a task. */
export const kindOf = (task: Named): TaskKind => KINDS[task.kind](task);
