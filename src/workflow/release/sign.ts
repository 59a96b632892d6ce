import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import * as z from "zod";
import { LorafitError, listMistakes } from "../../errors.ts";
import type { Verdict } from "../../evaluate/gate.ts";
import { appendLine, sha256File } from "../../formats/files.ts";
import { readVerdict, verdictFile } from "../run.ts";
import { artefactChanges } from "./artefact.ts";

/** Roles that sign a run before it is released. */
export const ROLES = {
  lead: "model adaptation lead",
  content: "content owner",
  qa: "QA analyst",
} as const;
export type Role = keyof typeof ROLES;

const roleSchema = z.enum(Object.keys(ROLES) as [Role, ...Role[]]);
const signOffSchema = z.strictObject({
  role: roleSchema,
  name: z.string(),
  note: z.string().optional(),
  at: z.iso.datetime(),
  /** Subject of the sign-off: the verdict, and the hashes of verdict.json and of the tuned export. */
  verdict: z.enum(["pass", "fail", "inconclusive"]),
  verdict_sha256: z.string(),
  artifact_sha256: z.string(),
});

/** A line of sign-offs.jsonl. */
export type SignOff = z.output<typeof signOffSchema>;

/** A role's last sign-off, and the reason why it no longer counts; both absent before the role has signed. */
export interface Standing {
  readonly role: Role;
  readonly signOff?: SignOff;
  readonly void?: string;
}

export const signOffsFile = (run: string): string => join(run, "sign-offs.jsonl");

/** SHA-256 of verdict.json; null before the gate. */
const verdictSha256 = (run: string): string | null =>
  existsSync(verdictFile(run)) ? sha256File(verdictFile(run)) : null;

/**
 * Appends a sign-off on the present verdict and artefact to the run's sign-offs.jsonl.
 * @throws usage error without a verdict or a name; mismatch error when the artefact is not the one that was judged
 */
export function signRun(
  run: string,
  who: { readonly role: Role; readonly name: string; readonly note?: string },
): { readonly signOff: SignOff; readonly verdict: Verdict } {
  const verdict = readVerdict(run);
  const name = who.name.trim().replace(/\s+/g, " ");
  if (name === "") throw new LorafitError("usage", "--name: is empty", { hint: "name the person who signs" });
  readSignOffs(run);
  const changes = artefactChanges(run, verdict.files ?? {});
  if (changes.length > 0) {
    throw new LorafitError("mismatch", `${run}: is not as it was judged:\n${listMistakes(changes)}`, {
      hint: `put it back, or run \`lorafit eval ${run}\` and \`lorafit gate ${run}\` again`,
    });
  }
  const signOff: SignOff = {
    role: who.role,
    name,
    ...(who.note === undefined ? {} : { note: who.note }),
    at: new Date().toISOString(),
    verdict: verdict.verdict,
    verdict_sha256: verdictSha256(run)!,
    artifact_sha256: verdict.artifact_sha256,
  };
  appendLine(signOffsFile(run), JSON.stringify(signOff));
  return { signOff, verdict };
}

/** All sign-offs of a run, oldest first. @throws data error that lists every damaged line */
export function readSignOffs(run: string): SignOff[] {
  const file = signOffsFile(run);
  if (!existsSync(file)) return [];
  const mistakes: string[] = [];
  const signOffs = readFileSync(file, "utf8")
    .split("\n")
    .flatMap((line, index) => {
      if (line.trim() === "") return [];
      try {
        return [signOffSchema.parse(JSON.parse(line))];
      } catch {
        mistakes.push(`${file}:${index + 1}: is not a sign-off`);
        return [];
      }
    });
  if (mistakes.length === 0) return signOffs;
  throw new LorafitError("data", `sign-offs cannot be read:\n${listMistakes(mistakes)}`, {
    hint: "restore the file: it only ever grows",
  });
}

/** Last sign-off of each role; it counts while verdict and artefact are those that were signed. */
export function standings(run: string): Standing[] {
  const signOffs = readSignOffs(run);
  const judged = existsSync(verdictFile(run)) ? readVerdict(run) : undefined;
  const sound = judged !== undefined && artefactChanges(run, judged.files ?? {}).length === 0;
  const now = verdictSha256(run);
  return roleSchema.options.map((role): Standing => {
    const signOff = signOffs.findLast((entry) => entry.role === role);
    if (signOff === undefined) return { role };
    const changed = [
      ...(sound && signOff.artifact_sha256 === judged.artifact_sha256 ? [] : ["artefact"]),
      ...(signOff.verdict_sha256 === now ? [] : ["verdict"]),
    ];
    if (changed.length === 0) return { role, signOff };
    return { role, signOff, void: `the ${changed.join(" and the ")} changed after it` };
  });
}
