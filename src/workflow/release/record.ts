import * as z from "zod";
import { sha256 } from "../../formats/hash.ts";
import { jsonText } from "../../formats/json.ts";
import type { Standing } from "./sign.ts";

/** Name of the list of a release's files; its presence marks a folder as a release. */
export const RELEASE_FILE = "release.json";

const hash = z.string().regex(/^[0-9a-f]{64}$/);

/** release.json: the verdict, the sign-offs, and the hash of every other file of the release. */
export const releaseSchema = z.strictObject({
  format_version: z.literal(1),
  task: z.string(),
  /** The run's id; its folder may have been renamed. */
  run: z.string(),
  released: z.string(),
  /** Version of lorafit that released. */
  lorafit: z.string(),
  verdict: z.enum(["pass", "fail", "inconclusive"]),
  /** Reason for releasing against these refusals; null without an override. */
  override: z
    .strictObject({ reason: z.string(), refusals: z.array(z.string()).min(1).readonly() })
    .nullable(),
  base: z.strictObject({ name: z.string(), sha256: hash, licence: z.string().nullable() }),
  /** Hash of model/, as it was judged. */
  artifact_sha256: hash,
  verdict_sha256: hash,
  lock_sha256: hash,
  sign_offs: z.custom<readonly Standing[]>(Array.isArray),
  files: z.record(z.string(), z.strictObject({ bytes: z.int().min(0), sha256: hash })),
  /** sealOf the other fields: detects a manual edit, but not one that computes the seal again. */
  seal: hash,
});
export type Release = z.output<typeof releaseSchema>;

export const sealOf = (content: Omit<Release, "seal">): string => sha256(jsonText(content));
