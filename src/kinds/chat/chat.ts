import { fileURLToPath } from "node:url";
import { appendTokenLoss } from "../../loss/token-loss.ts";
import type { TaskKind } from "../kind.ts";
import { contentOf, questionsOf } from "./rows.ts";
import { shaped } from "./shapes.ts";
import { encode } from "./spans.ts";

/** A decoder that answers conversations: next-token cross entropy over the answers, and over all of a plain text. */
export const chat: TaskKind = {
  rows: { shaped, contentOf, cutsAt: "front", encode, questionsOf },
  appendLoss: appendTokenLoss,
  cases: ["chat", "text", "pair"],
  template: {
    folder: fileURLToPath(new URL("../../../datasets/templates/chat", import.meta.url)),
    example: "an invented help desk",
    parts: [
      ["task.yaml", "purpose, scope, base and criteria; each key says what it does"],
      ["policy.md", "your rules, one a line"],
      ["data/", "your transcripts, and general text that keeps the base's ability"],
      ["cases/", "held-out questions with checks: domain, scope, safety, general"],
    ],
  },
};
