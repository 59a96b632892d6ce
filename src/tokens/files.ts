import * as z from "zod";
import { LorafitError } from "../errors.ts";

/** The parsed contents of a model folder's tokenizer files, or what is rebuilt from a GGUF's metadata. */
export interface TokenizerFiles {
  readonly tokenizerJson: unknown;
  readonly tokenizerConfig: Record<string, unknown>;
  readonly generationConfig?: Record<string, unknown> | undefined;
  /** chat_template.jinja, which newer folders have beside or instead of the config's string. */
  readonly chatTemplate?: string | undefined;
}

const tokenizerJsonSchema = z.looseObject({
  added_tokens: z.array(z.looseObject({ id: z.int().min(0), content: z.string() })).default([]),
  model: z.looseObject({
    type: z.string().optional(),
    vocab: z.record(z.string(), z.int().min(0)),
    merges: z.array(z.union([z.string(), z.tuple([z.string(), z.string()])])).default([]),
  }),
});

/** tokenizer.json as far as we look into it; `merges` are "a b" strings. */
export type TokenizerJson = z.output<typeof tokenizerJsonSchema>;

/**
 * tokenizer.json with its merges as "a b" strings: newer files hold pairs, which @xenova/transformers 2 cannot read. Exports write this form.
 * @throws data error
 */
export function withStringMerges(tokenizerJson: unknown): TokenizerJson {
  const parsed = tokenizerJsonSchema.safeParse(tokenizerJson);
  if (!parsed.success) {
    const issue = parsed.error.issues[0]!;
    throw new LorafitError(
      "data",
      `tokenizer.json: ${issue.path.join(".") || "the file"}: ${issue.message}`,
      {
        hint: "only byte-level BPE tokenizers in Hugging Face's form are read",
      },
    );
  }
  const { model } = parsed.data;
  const merges = model.merges.map((merge) => (typeof merge === "string" ? merge : merge.join(" ")));
  return { ...parsed.data, model: { ...model, merges } };
}

/** The text of a special token, which tokenizer_config.json writes as a string or as an object. */
export function tokenText(entry: unknown): string | undefined {
  if (typeof entry === "string") return entry;
  if (typeof entry !== "object" || entry === null) return undefined;
  const content = (entry as { content?: unknown }).content;
  return typeof content === "string" ? content : undefined;
}

/** The chat template's text, wherever it stands; undefined when the model has none. */
export function templateText({ tokenizerConfig, chatTemplate }: TokenizerFiles): string | undefined {
  if (chatTemplate !== undefined) return chatTemplate;
  const entry = tokenizerConfig["chat_template"];
  if (typeof entry === "string") return entry;
  if (!Array.isArray(entry)) return undefined;
  const named = entry as { name?: unknown; template?: unknown }[];
  const template = (named.find(({ name }) => name === "default") ?? named[0])?.template;
  return typeof template === "string" ? template : undefined;
}
