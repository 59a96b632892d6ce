import { Ajv2020 } from "ajv/dist/2020.js";
import { RE2JS } from "re2js";
import * as z from "zod";
import { checkKind, judged } from "./check.ts";

/** JSON Schema 2020-12. Patterns inside a schema are RE2 too. Formats are annotations, as the standard has them by default. */
const ajv = new Ajv2020({
  allErrors: true,
  validateFormats: false,
  addUsedSchema: false,
  // These checks of schema style would write to the terminal.
  strictTypes: false,
  strictTuples: false,
  logger: false,
  code: {
    regExp: Object.assign(
      (source: string) => {
        const compiled = RE2JS.compile(source);
        return { test: (text: string) => compiled.matcher(text).find() };
      },
      { code: "RE2" },
    ),
  },
});

/** The JSON of an answer: all of it, or one fenced block. */
const jsonOf = (answer: string): unknown =>
  JSON.parse(/^```(?:json)?\s*\n([\s\S]*?)\n\s*```$/.exec(answer.trim())?.[1] ?? answer);

export const jsonSchema = checkKind({
  schema: z.record(z.string(), z.unknown()),
  mistake(value) {
    try {
      ajv.compile(value);
      return undefined;
    } catch (error) {
      return (error as Error).message;
    }
  },
  reads: () => "whole",
  judge(value, { text }) {
    let parsed: unknown;
    try {
      parsed = jsonOf(text);
    } catch (error) {
      return judged(false, `is no JSON: ${(error as Error).message}`);
    }
    // Compiled once: ajv caches by identity of the schema.
    const validate = ajv.compile(value);
    if (validate(parsed)) return judged(true, "is JSON of the schema");
    const errors = validate.errors!.map(({ instancePath, message }) => `${instancePath || "/"} ${message}`);
    return judged(false, `is not of the schema: ${errors.join("; ")}`);
  },
});
