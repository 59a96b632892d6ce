import { readFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { LorafitError, listMistakes } from "../../errors.ts";
import { sha256 } from "../../formats/hash.ts";
import { scriptCheckSchema, scriptMistake } from "../../task/scripts.ts";
import { checkKind, type Judgement, type Script } from "./check.ts";

/**
 * Loads the user's functions, by name as the checks have them.
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
      // The hash makes a file that has changed another module.
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

/** What a script returned, as a judgement; undefined when it is none of the three forms. */
function judgementOf(result: unknown, file: string, atLeast: number): Judgement | undefined {
  if (typeof result === "boolean") return result ? { score: 1 } : { score: 0, failure: `${file} says no` };
  if (typeof result === "number" && result >= 0 && result <= 1) {
    if (result >= atLeast) return { score: result };
    return { score: result, failure: `${file} gives ${result}, at least ${atLeast} was asked` };
  }
  const { pass, reason } = (result ?? {}) as { pass?: unknown; reason?: unknown };
  if (typeof pass !== "boolean") return undefined;
  return pass ? { score: 1 } : { score: 0, failure: `${file}: ${reason ?? "says no"}` };
}

export const script = checkKind({
  schema: scriptCheckSchema,
  mistake: ({ file }, { folder }) => scriptMistake(folder, file),
  judge({ file, at_least }, { id, text, row }, { rules, scripts }) {
    const where = join(rules.folder, file);
    let result: unknown;
    try {
      result = scripts.get(file)!(text, structuredClone(row));
    } catch (cause) {
      const message = cause instanceof Error ? cause.message : String(cause);
      throw new LorafitError("data", `${where}: threw on case ${id}: ${message}`, {
        hint: "a script must judge every answer, an empty one too",
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
