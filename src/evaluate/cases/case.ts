import type { Message } from "../../tokens/chat-template.ts";
import { type Check, readsText } from "../checks/index.ts";

/** Content of a case: a conversation to answer, a text to predict, or a preference between two texts. */
export type CaseBody =
  | { kind: "chat"; messages: readonly Message[]; checks: Check[] }
  /** `rendered`: the text is a conversation as the chat template writes it, so its control tokens are recognised. */
  | { kind: "text"; text: string; rendered?: true }
  | { kind: "pair"; good: string; bad: string };

/** One held-out case. */
export interface Case {
  id: string;
  pack: string;
  /** Transcript or paraphrase group, whose cases are not independent. By default the id. */
  cluster: string;
  rule?: string;
  slice?: string;
  critical: boolean;
  /** sha256 of the line, as in the lock. */
  hash: string;
  /** sha256 of the question alone, by which looks are counted. */
  asked: string;
  /** file:line */
  where: string;
  /** The whole row, for `where` filters and slices. */
  row: Readonly<Record<string, unknown>>;
  body: CaseBody;
}

/** True if the model must generate an answer to the case. */
export const needsText = ({ body }: Case): boolean => body.kind === "chat" && body.checks.some(readsText);
