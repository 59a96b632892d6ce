import type * as z from "zod";
import { didYouMean } from "../../suggest.ts";

/** Texts of a schema's issues with a value named `name`, one per issue. The value must be parsed with `reportInput`. */
export function issueTexts(error: z.ZodError, name: string, known: readonly string[] = []): string[] {
  return error.issues.flatMap((issue) => {
    const path = [name, ...issue.path].filter((part) => part !== "").join(".");
    const at = path === "" ? "" : `${path}: `;
    if (issue.code === "unrecognized_keys") {
      return issue.keys.map((key) => `${at}unknown key ${key}${didYouMean(key, known)}`);
    }
    const missing = issue.code === "invalid_type" && issue.input === undefined;
    return [`${at}${missing ? "is missing" : issue.message.replace(/^Invalid (input|option): /, "")}`];
  });
}
