import * as z from "zod";
import { STATISTICS } from "./compare.ts";

const share = z.number().min(0).max(1);

/** drift.json; docs/drift.md describes it. */
export const driftSchema = z.strictObject({
  format_version: z.literal(1),
  outcome: z.enum(["no drift", "drift", "inconclusive"]),
  exit_code: z.int(),
  /** Reason for an inconclusive result. */
  reason: z.string().nullable(),
  at: z.string(),
  log: z.strictObject({
    file: z.string(),
    sha256: z.string(),
    queries: z.int(),
    compared: z.int(),
    /** First and last date that the rows name. */
    from: z.string().nullable(),
    to: z.string().nullable(),
  }),
  reference: z.strictObject({ made: z.string(), queries: z.int(), compared: z.int() }),
  /** Null when nothing was compared. */
  look: z.strictObject({ look: z.int(), level: z.number(), alpha: z.number(), draws: z.int() }).nullable(),
  statistics: z.array(
    z.strictObject({
      name: z.enum(STATISTICS),
      test: z.string(),
      statistic: z.number(),
      effect: z.strictObject({ name: z.string(), value: z.number() }),
      /** Median length (characters) or distance; share out of scope; null where one number says nothing. */
      reference: z.number().nullable(),
      new: z.number().nullable(),
      p: share,
      p_holm: share,
      drifted: z.boolean(),
    }),
  ),
  topics: z.array(
    z.strictObject({
      rule: z.string(),
      text: z.string(),
      training_examples: z.int(),
      reference: share,
      new: share,
    }),
  ),
  /** Words and pairs that the new queries have more often, with the numbers of queries that have them. */
  new_words: z.array(z.strictObject({ words: z.string(), reference: z.int(), new: z.int(), p: share })),
  /** New queries, personal data masked, that show the new words or are far from all training queries. */
  examples: z.array(z.strictObject({ line: z.int(), text: z.string(), shows: z.string() })),
});

export type DriftResult = z.output<typeof driftSchema>;
