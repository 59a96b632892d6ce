import type { Verdict } from "../../evaluate/gate.ts";
import type { Standing } from "./sign.ts";

/** Name of the list of a release's files; its presence marks a folder as a release. */
export const RELEASE_FILE = "release.json";

/** release.json: the verdict, the sign-offs, and the hash of every other file of the release. */
export interface Release {
  readonly format_version: 1;
  readonly task: string;
  readonly run: string;
  readonly released: string;
  /** Version of lorafit that released. */
  readonly lorafit: string;
  readonly verdict: Verdict["verdict"];
  /** Reason for releasing against these refusals; null without an override. */
  readonly override: { readonly reason: string; readonly refusals: readonly string[] } | null;
  readonly base: { readonly name: string; readonly sha256: string; readonly licence: string | null };
  /** Of model/, as it was judged. */
  readonly artifact_sha256: string;
  readonly verdict_sha256: string;
  readonly lock_sha256: string;
  readonly sign_offs: readonly Standing[];
  readonly files: Readonly<Record<string, { readonly bytes: number; readonly sha256: string }>>;
}
