import { readFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { LorafitError, listMistakes } from "../../errors.ts";
import { sha256 } from "../../formats/hash.ts";
import { scriptCheckSchema, scriptMistake } from "../../task/scripts.ts";
import { checkKind, type Judgement, judged, type Script } from "./check.ts";

/**
 * Loads the user functions, keyed by file name as in the checks.
 * @throws data error that names every file that cannot be loaded or has no function as its default export
 */
export async function loadScripts(
  folder: string,
  names: readonly string[],
): Promise<ReadonlyMap<string, Script>> {
  const scripts = new Map<string, Script>();
  const mistakes: string[] = [];
  for (const name of new Set(names)) {
    const file = join(folder, name);
    try {
      // The module cache is keyed by URL: with the hash in it, a changed file is loaded again.
      const hash = sha256(readFileSync(file));
      const module = (await import(`${pathToFileURL(file)}?sha256=${hash}`)) as { default?: unknown };
      if (typeof module.default === "function") scripts.set(name, module.default as Script);
      else mistakes.push(`${file}: has no function as its default export`);
    } catch (error) {
      mistakes.push(`${file}: ${(error as Error).message}`);
    }
  }
  if (mistakes.length === 0) return scripts;
  throw new LorafitError("data", `scripts cannot be used:\n${listMistakes(mistakes)}`, {
    hint: "export default (answer, row) => true or false, a score from 0 to 1, or {pass, reason}",
  });
}

/** A script's return value as a judgement; undefined when it has none of the three forms. */
function judgementOf(result: unknown, file: string, atLeast: number): Judgement | undefined {
  if (typeof result === "boolean") return judged(result, `${file} says ${result ? "yes" : "no"}`);
  if (typeof result === "number" && result >= 0 && result <= 1) {
    const reason = `${file} gives ${result}, at least ${atLeast} was asked`;
    return { score: result, passed: result >= atLeast, reason };
  }
  const { pass, reason } = (result ?? {}) as { pass?: unknown; reason?: unknown };
  if (typeof pass !== "boolean") return undefined;
  return judged(pass, `${file}: ${reason ?? (pass ? "says yes" : "says no")}`);
}

export const script = checkKind({
  schema: scriptCheckSchema,
  reads: () => "whole",
  mistake: ({ file }, { folder }) => scriptMistake(folder, file),
  judge({ file, at_least }, { id, text, row }, { rules, scripts }) {
    const where = join(rules.folder, file);
    let result: unknown;
    try {
      result = scripts.get(file)!(text, structuredClone(row));
    } catch (cause) {
      const message = cause instanceof Error ? cause.message : String(cause);
      throw new LorafitError("data", `${where}: threw on case ${id}: ${message}`, {
        hint: "a script must judge every answer that is neither empty nor a loop",
        cause,
      });
    }
    const judgement = judgementOf(result, file, at_least);
    if (judgement !== undefined) return judgement;
    throw new LorafitError("data", `${where}: returned ${String(result)} on case ${id}`, {
      hint: "return true or false, a score from 0 to 1, or {pass, reason}; not a promise",
    });
  },
});
