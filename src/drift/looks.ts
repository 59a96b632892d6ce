import * as z from "zod";
import { LorafitError } from "../errors.ts";
import { levelOf } from "../evaluate/looks/looks.ts";
import { appendedLines, appendLine } from "../formats/files.ts";

const entrySchema = z.strictObject({
  look: z.int().min(1),
  level: z.number(),
  /** When the reference was made; another reference restarts the count. */
  reference: z.string(),
  log_sha256: z.string(),
  at: z.string(),
});

/** A comparison with the reference: its number from 1 on, and the level that it may spend. */
export interface DriftLook {
  readonly look: number;
  readonly level: number;
}

function readLooks(file: string): z.output<typeof entrySchema>[] {
  return appendedLines(file).map((line, index) => {
    try {
      return entrySchema.parse(JSON.parse(line));
    } catch (cause) {
      throw new LorafitError("data", `${file}:${index + 1}: the ledger of looks is damaged`, {
        hint: "restore it: it only ever grows",
        cause,
      });
    }
  });
}

/**
 * Takes a look: adds it to the ledger before anything is compared. Look k may spend alpha / (k (k + 1)), which sums to alpha over
 * any number of looks, and falls slowly enough that a monthly look still finds something after a year. The same log again
 * is the same look.
 */
export function takeDriftLook(file: string, reference: string, logSha256: string): DriftLook {
  const earlier = readLooks(file).filter((entry) => entry.reference === reference);
  const same = earlier.find((entry) => entry.log_sha256 === logSha256);
  if (same !== undefined) return same;
  const look = earlier.length + 1;
  const level = levelOf(look);
  const entry: z.output<typeof entrySchema> = {
    look,
    level,
    reference,
    log_sha256: logSha256,
    at: new Date().toISOString(),
  };
  appendLine(file, JSON.stringify(entry));
  return entry;
}
