import * as z from "zod";
import { LorafitError } from "../errors.ts";
import { fixedDates } from "./template/date.ts";

/** The parsed contents of a model folder's tokenizer files, or what is rebuilt from a GGUF's metadata. */
export interface TokenizerFiles {
  readonly tokenizerJson: unknown;
  readonly tokenizerConfig: Record<string, unknown>;
  readonly generationConfig?: Record<string, unknown> | undefined;
  /** chat_template.jinja, which newer folders have beside or instead of the config's string. */
  readonly chatTemplate?: string | undefined;
  /** Fields of config.json; transformers takes its eos_token_id where there is no generation_config.json. */
  readonly model?: { readonly vocabSize: number; readonly eosIds: readonly number[] } | undefined;
}

/** tokenizer.json with its merges as "a b" strings, as exports write it: @xenova/transformers 2 cannot read pairs. */
export function withStringMerges(tokenizerJson: unknown): unknown {
  const { model } = tokenizerJson as { model?: { merges?: unknown } };
  if (!Array.isArray(model?.merges)) return tokenizerJson;
  const merges = (model.merges as (string | string[])[]).map((merge) =>
    typeof merge === "string" ? merge : merge.join(" "),
  );
  return { ...(tokenizerJson as object), model: { ...model, merges } };
}

/** The text of a special token, which tokenizer_config.json writes as a string or as an object. */
export function tokenText(entry: unknown): string | undefined {
  if (typeof entry === "string") return entry;
  if (typeof entry !== "object" || entry === null) return undefined;
  const content = (entry as { content?: unknown }).content;
  return typeof content === "string" ? content : undefined;
}

/**
 * The chat template's text with its dates fixed, wherever it is; undefined when the model has none.
 * @throws data error for several templates of which none is the default
 */
export function templateText({ tokenizerConfig, chatTemplate }: TokenizerFiles): string | undefined {
  const text = chatTemplate ?? configTemplate(tokenizerConfig["chat_template"]);
  return text === undefined ? undefined : fixedDates(text);
}

function configTemplate(entry: unknown): string | undefined {
  if (typeof entry === "string") return entry;
  if (!Array.isArray(entry)) return undefined;
  const named = entry as ({ name?: unknown; template?: unknown } | null)[];
  const chosen = named.find((one) => one?.name === "default");
  if (typeof chosen?.template === "string") return chosen.template;
  const names = named.map((one) => JSON.stringify(one?.name)).join(", ");
  throw new LorafitError(
    "data",
    `tokenizer_config.json: chat_template: of ${names} none is named "default", which transformers asks for`,
  );
}

const pair = z.tuple([z.string(), z.int().min(0)]);
const template = z.looseObject({
  type: z.literal("TemplateProcessing"),
  single: z.array(z.record(z.string(), z.looseObject({ id: z.string() }))),
  special_tokens: z.record(z.string(), z.looseObject({ ids: z.array(z.int().min(0)) })),
});
const brackets = z.looseObject({
  type: z.enum(["BertProcessing", "RobertaProcessing"]),
  cls: pair,
  sep: pair,
});
const sequence = z.looseObject({ type: z.literal("Sequence"), processors: z.array(z.unknown()) });

/** Ids of special tokens before and after a text. */
export interface SpecialTokens {
  readonly before: readonly number[];
  readonly after: readonly number[];
}

/** What a tokenizer's post-processor puts around a single text (tokenizers, src/processors). */
export function specialTokens(tokenizerJson: unknown): SpecialTokens {
  return around((tokenizerJson as { post_processor?: unknown } | null)?.post_processor);
}

function around(processor: unknown): SpecialTokens {
  const several = sequence.safeParse(processor);
  if (several.success) {
    // Each processor wraps what the one before it made.
    return several.data.processors.map(around).reduce(
      (inner, outer) => ({
        before: [...outer.before, ...inner.before],
        after: [...inner.after, ...outer.after],
      }),
      { before: [], after: [] },
    );
  }
  const bracketed = brackets.safeParse(processor);
  if (bracketed.success) return { before: [bracketed.data.cls[1]], after: [bracketed.data.sep[1]] };
  const templated = template.safeParse(processor);
  if (!templated.success) return { before: [], after: [] };
  const { single, special_tokens: tokens } = templated.data;
  const text = single.findIndex((piece) => "Sequence" in piece);
  const idsOf = (pieces: typeof single) =>
    pieces.flatMap((piece) => tokens[piece["SpecialToken"]?.id ?? ""]?.ids ?? []);
  return { before: idsOf(single.slice(0, text)), after: idsOf(single.slice(text + 1)) };
}
