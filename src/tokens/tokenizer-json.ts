import * as z from "zod";
import { LorafitError, listMistakes } from "../errors.ts";
import { addedTokenSchema } from "./added-tokens.ts";
import { decoderSchema } from "./decoders.ts";
import { normalizerSchema } from "./normalizers.ts";
import { preTokenizerSchema } from "./pre-tokenizers.ts";

/** Large lists are checked in one pass each, without an issue for every entry. */
const isId = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;
const vocab = z.custom<Readonly<Record<string, number>>>(
  (value) => typeof value === "object" && value !== null && Object.values(value).every(isId),
  { error: "is not a vocabulary of tokens and ids" },
);
const merges = z.custom<readonly (string | readonly [string, string])[]>(
  (value) =>
    Array.isArray(value) &&
    value.every(
      (merge) =>
        typeof merge === "string" ||
        (Array.isArray(merge) && merge.length === 2 && merge.every((token) => typeof token === "string")),
    ),
  { error: "is not a list of merges" },
);
const scores = z.custom<readonly (readonly [string, number])[]>(
  (value) =>
    Array.isArray(value) &&
    value.length > 0 &&
    value.every((entry) => Array.isArray(entry) && typeof entry[0] === "string" && Number.isFinite(entry[1])),
  { error: "is not a vocabulary of tokens and scores" },
);
const off = (what: string) => z.literal([0, null], { error: `${what} makes ids random` }).default(null);

const bpeModel = z.strictObject({
  type: z.literal("BPE").default("BPE"),
  dropout: off("dropout"),
  unk_token: z.string().nullable().default(null),
  continuing_subword_prefix: z.string().nullable().default(null),
  end_of_word_suffix: z.string().nullable().default(null),
  fuse_unk: z.boolean().default(false),
  byte_fallback: z.boolean().default(false),
  ignore_merges: z.boolean().default(false),
  vocab,
  merges,
});
const wordPieceModel = z.strictObject({
  type: z.literal("WordPiece"),
  unk_token: z.string().default("[UNK]"),
  continuing_subword_prefix: z.string().default("##"),
  max_input_chars_per_word: z.int().min(1).default(100),
  vocab,
});
const wordLevelModel = z.strictObject({ type: z.literal("WordLevel"), unk_token: z.string(), vocab });
const unigramModel = z.strictObject({
  type: z.literal("Unigram"),
  unk_id: z.int().min(0).nullable().default(null),
  byte_fallback: z.boolean().default(false),
  vocab: scores,
});

/** Post-processors add special tokens around a text, which is never asked of them here. */
const POST_PROCESSORS = [
  "ByteLevel",
  "TemplateProcessing",
  "BertProcessing",
  "RobertaProcessing",
  "Sequence",
];

const schema = z.looseObject({
  version: z.literal("1.0").default("1.0"),
  added_tokens: z.array(addedTokenSchema).default([]),
  normalizer: normalizerSchema.nullable().default(null),
  pre_tokenizer: preTokenizerSchema.nullable().default(null),
  post_processor: z
    .looseObject({ type: z.literal(POST_PROCESSORS) })
    .nullable()
    .default(null),
  decoder: decoderSchema.nullable().default(null),
  model: z.union([bpeModel, wordPieceModel, wordLevelModel, unigramModel]),
});
export type TokenizerJson = z.output<typeof schema>;

/**
 * tokenizer.json with every component and option known; `truncation` and `padding` are not applied, as in transformers.
 * @throws data error that names each component that is not known
 */
export function parseTokenizerJson(json: unknown): TokenizerJson {
  const parsed = schema.safeParse(json);
  if (parsed.success) return parsed.data;
  const lines = parsed.error.issues.map((issue) => describe(issue, json));
  throw new LorafitError("data", `tokenizer.json cannot be used:\n${listMistakes([...new Set(lines)], 5)}`, {
    hint: "docs/formats.md lists the components that are read",
  });
}

/** Mistakes with the name of the component; of a union, those of the branch that the component's type selects. */
function describe(issue: z.core.$ZodIssue, json: unknown): string {
  const at = (path: readonly PropertyKey[]): unknown =>
    path.reduce<unknown>((value, key) => (value as Record<PropertyKey, unknown> | undefined)?.[key], json);
  const typeAt = (path: readonly PropertyKey[]): unknown =>
    (at(path) as { type?: unknown } | undefined)?.type;
  const where = issue.path.join(".") || "the file";
  if (issue.code !== "invalid_union") {
    const type =
      issue.path.at(-1) === "type" ? undefined : (typeAt(issue.path) ?? typeAt(issue.path.slice(0, -1)));
    if (issue.path.at(-1) === "type") return `${where}: ${JSON.stringify(at(issue.path))} is not supported`;
    return `${where}: ${issue.message}${typeof type === "string" ? ` (${type})` : ""}`;
  }
  const isOfType = (branch: readonly z.core.$ZodIssue[]): boolean =>
    !branch.some(({ path }) => path.length === issue.path.length + 1 && path.at(-1) === "type");
  const chosen = branchesOf(issue).find(isOfType);
  if (chosen !== undefined) return describe(chosen[0]!, json);
  const type = typeAt(issue.path);
  return `${where}: ${type === undefined ? issue.message : `${String(type)} is not supported`}`;
}

/** The issues of each branch of a union, and of the unions that are its branches; paths from the root. */
function branchesOf(issue: z.core.$ZodIssueInvalidUnion): z.core.$ZodIssue[][] {
  return issue.errors.flatMap((errors) => {
    const branch = errors.map(
      (inner) => ({ ...inner, path: [...issue.path, ...inner.path] }) as z.core.$ZodIssue,
    );
    const [only] = branch;
    return only?.code === "invalid_union" && only.path.length === issue.path.length
      ? branchesOf(only)
      : [branch];
  });
}
