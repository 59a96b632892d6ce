import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import * as z from "zod";
import { LorafitError, listMistakes } from "../../errors.ts";
import { appendLine, sha256File } from "../../formats/files.ts";
import { sha256 } from "../../formats/hash.ts";
import { type Run, verdictFile } from "../run.ts";
import { judgedChanges } from "./artefact.ts";
import { differencesFromJudged } from "./judged.ts";

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
  /** Hash of this line's content and of the line before it, so that an edited line is noticed. */
  chain: z.string(),
});

/** A line of sign-offs.jsonl. */
export type SignOff = z.output<typeof signOffSchema>;

/** A role's last sign-off, and the reason why it no longer counts; both absent before the role has signed. */
export interface Standing {
  readonly role: Role;
  readonly signOff?: SignOff;
  readonly void?: string;
}

export const SIGN_OFFS_FILE = "sign-offs.jsonl";

const chainOf = (before: SignOff | undefined, content: Omit<SignOff, "chain">): string =>
  sha256(JSON.stringify([before?.chain ?? null, Object.entries(content).sort()]));

/**
 * Appends a sign-off on the present verdict and artefact to the run's sign-offs.jsonl.
 * @throws usage error without a verdict or a name; mismatch error that lists every difference from what was judged
 */
export async function signRun(
  run: Run,
  who: { readonly role: Role; readonly name: string; readonly note?: string },
): Promise<SignOff> {
  const { verdict, path } = run;
  const name = who.name.trim().replace(/\s+/g, " ");
  if (name === "") throw new LorafitError("usage", "--name: is empty", { hint: "name the person who signs" });
  const before = readSignOffs(path).at(-1);
  const differences = await differencesFromJudged(run);
  if (differences.length > 0) {
    const lines = differences.map((line) => line.replaceAll("\n", "\n  "));
    throw new LorafitError("mismatch", `${path}: cannot be signed:\n${listMistakes(lines)}`, {
      hint: `put it back, or judge it again with \`lorafit eval ${path}\` and \`lorafit gate ${path}\``,
    });
  }
  const content: Omit<SignOff, "chain"> = {
    role: who.role,
    name,
    ...(who.note === undefined ? {} : { note: who.note }),
    at: new Date().toISOString(),
    verdict: verdict.verdict,
    verdict_sha256: sha256File(verdictFile(path)),
    artifact_sha256: verdict.artifact_sha256,
  };
  const signOff: SignOff = { ...content, chain: chainOf(before, content) };
  appendLine(join(path, SIGN_OFFS_FILE), signOffLine(signOff));
  return signOff;
}

/** Line of sign-offs.jsonl, without the line break. */
export const signOffLine = (signOff: SignOff): string => JSON.stringify(signOff);

/** All sign-offs of a run or a release, oldest first. @throws data error that lists every damaged or changed line */
export function readSignOffs(folder: string): SignOff[] {
  const file = join(folder, SIGN_OFFS_FILE);
  if (!existsSync(file)) return [];
  const signOffs: SignOff[] = [];
  const mistakes: string[] = [];
  for (const [index, line] of readFileSync(file, "utf8").split("\n").entries()) {
    if (line.trim() === "") continue;
    const { data: signOff } = signOffSchema.safeParse(jsonOf(line));
    if (signOff === undefined) {
      mistakes.push(`${file}:${index + 1}: is not a sign-off`);
      continue;
    }
    const { chain, ...content } = signOff;
    if (chain !== chainOf(signOffs.at(-1), content))
      mistakes.push(`${file}:${index + 1}: was changed, or the line before it is missing`);
    signOffs.push(signOff);
  }
  if (mistakes.length === 0) return signOffs;
  throw new LorafitError("data", `sign-offs cannot be read:\n${listMistakes(mistakes)}`, {
    hint: "restore the file: lines are only ever added",
  });
}

function jsonOf(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

/**
 * Last sign-off of each role; it counts while the verdict and the judged files are those that were signed.
 * @param changed whether a judged file has changed, where the caller knows it: hashing all files takes seconds
 */
export function standings(run: Run, changed = () => judgedChanges(run).length > 0): Standing[] {
  const signOffs = readSignOffs(run.path);
  if (signOffs.length === 0 || !existsSync(verdictFile(run.path))) return standingsOf(signOffs, undefined);
  return standingsOf(signOffs, {
    verdict_sha256: sha256File(verdictFile(run.path)),
    artifact_sha256: run.verdict.artifact_sha256,
    changed: changed(),
  });
}

/** @param judged hashes of verdict and artefact, and whether a judged file has changed; undefined without a verdict */
export function standingsOf(
  signOffs: readonly SignOff[],
  judged: (Pick<SignOff, "verdict_sha256" | "artifact_sha256"> & { readonly changed: boolean }) | undefined,
): Standing[] {
  return roleSchema.options.map((role): Standing => {
    const signOff = signOffs.findLast((entry) => entry.role === role);
    if (signOff === undefined) return { role };
    const changed = [
      ...(judged?.changed ? ["a judged file"] : []),
      ...(signOff.artifact_sha256 === judged?.artifact_sha256 ? [] : ["the artefact"]),
      ...(signOff.verdict_sha256 === judged?.verdict_sha256 ? [] : ["the verdict"]),
    ];
    return changed.length === 0
      ? { role, signOff }
      : { role, signOff, void: `${changed.join(" and ")} changed after it` };
  });
}

/** Refusal of a release for each role without a sign-off that counts. */
export function missingSignOffs(roles: readonly Standing[]): string[] {
  return roles.flatMap(({ role, signOff, void: why }) => {
    const who = `${ROLES[role]} (--role ${role})`;
    if (signOff === undefined) return `the ${who} has not signed`;
    return why === undefined ? [] : `the sign-off of ${signOff.name} as ${who} is void: ${why}`;
  });
}
