import * as z from "zod";
import { trainSettingsSchema } from "./settings.ts";

const text = z.string().trim().min(1);
const path = text;
const pack = z.string().regex(/^[a-z][a-z0-9-]*$/, "a pack's name is lower-case letters, digits and dashes");

/** The kinds of task; src/kinds has a module for each. */
export const TASK_KINDS = ["chat", "classify"] as const;

/** The checks that a case may have; src/evaluate/checks has one for each. */
export const CHECK_NAMES = [
  "contains",
  "not_contains",
  "regex",
  "claims",
  "equals",
  "number",
  "slots",
  "json_schema",
  "choice",
  "rouge_l",
  "chrf",
  "refuses",
  "hands_over",
  "style",
  "consistent_with",
  "script",
] as const;
export type CheckName = (typeof CHECK_NAMES)[number];

/** Scorers whose scores are not only pass and fail. */
export const GRADED: ReadonlySet<string> = new Set([
  "cross-entropy",
  "slots",
  "rouge_l",
  "chrf",
  "consistent_with",
  "script",
] satisfies (CheckName | "cross-entropy")[]);

/** Models besides base and tuned that answer the cases: what a user would otherwise deploy. */
export const CONTESTANTS = ["lookup", "prompted", "tfidf"] as const;
export type Contestant = (typeof CONTESTANTS)[number];
/** Those that can answer the cases of a kind. */
export const CONTESTANTS_OF: Readonly<Record<(typeof TASK_KINDS)[number], readonly Contestant[]>> = {
  chat: ["lookup", "prompted"],
  classify: ["lookup", "tfidf"],
};

const fields = z.record(z.string(), z.union([z.string(), z.number(), z.boolean()]));

/** Scorers that a criterion may name. */
export const SCORERS = [
  "checks",
  "accuracy",
  "cross-entropy",
  "minimal-pairs",
  "no-hand-over",
  ...CHECK_NAMES,
] as const;

const criterion = {
  name: text.describe("What the criterion is called in the verdict."),
  cases: pack.describe("The pack of cases it is judged on: a key of `cases`."),
  scorer: z
    .enum(SCORERS)
    .default("checks")
    .describe(
      "checks: the share of cases that pass; accuracy: the same where a case asks for a label; cross-entropy: nats per token; minimal-pairs: share of good over bad; no-hand-over: share of answers that do not hand over; the name of a check: its mean score over the cases that have it.",
    ),
  style: text
    .optional()
    .describe("Score the answers by this style rule alone instead of by the cases' checks."),
  where: fields.optional().describe("Only the cases whose fields have these values."),
};

/** Kinds of criteria; each has its own fields in the schema. */
export const CRITERION_KINDS = [
  "superiority",
  "non-inferiority",
  "at-least",
  "at-most",
  "zero-new-failures",
  "zero-failures",
] as const;

const expected = z
  .number()
  .gt(0)
  .lt(1)
  .optional()
  .describe("The score one plans for, from which `lock` computes the power.");

export const criterionSchema = z.discriminatedUnion(
  "kind",
  [
    z.strictObject({
      ...criterion,
      kind: z
        .literal("superiority")
        .describe("Better than the base, or than the contestant in `against`, by more than `margin`."),
      margin: z.number().min(0).default(0).describe("The difference that must be exceeded."),
      effect: z
        .number()
        .positive()
        .describe("The difference one plans for; clearly less than this is a fail."),
      against: z
        .enum(["base", ...CONTESTANTS])
        .optional()
        .describe(
          "The model that must be surpassed: base (if absent); lookup, the answer of the nearest training question; prompted (chat), the base with the policy in its system message; tfidf (classify), logistic regression on the words.",
        ),
      announced: z
        .array(fields)
        .min(1)
        .optional()
        .describe(
          "Slices that are announced as improved, such as `{ rule: R12 }`: claims that the verdict confirms or not (Holm), without being decided by them.",
        ),
    }),
    z.strictObject({
      ...criterion,
      kind: z.literal("non-inferiority").describe("Not worse than the base by `margin` or more."),
      margin: z.number().positive().describe("The loss that is tolerated."),
    }),
    z.strictObject({
      ...criterion,
      kind: z.literal("at-least").describe("The tuned model's own score is at least `floor`."),
      floor: z.number().gt(0).lt(1).describe("The score that must be reached, a share."),
      expected,
    }),
    z.strictObject({
      ...criterion,
      kind: z.literal("at-most").describe("The tuned model's own score is at most `ceiling`."),
      ceiling: z.number().gt(0).lt(1).describe("The score that must not be exceeded, a share."),
      expected,
    }),
    z.strictObject({
      ...criterion,
      kind: z.literal("zero-new-failures").describe("No case that the base passes may fail."),
    }),
    z.strictObject({
      ...criterion,
      kind: z.literal("zero-failures").describe("No case may fail, whatever the base does."),
    }),
  ],
  {
    error: `expected ${CRITERION_KINDS.join(", ")}`,
  },
);

const styleSchema = z
  .strictObject({
    name: text.describe("What cases and criteria call the rule."),
    not_contains: z
      .array(text)
      .min(1)
      .optional()
      .describe("Wordings that an answer must not contain, in any case."),
    max_words: z.int().min(1).optional().describe("The most words that an answer may have."),
  })
  .refine((rule) => rule.not_contains !== undefined || rule.max_words !== undefined, {
    error: "a style rule needs not_contains or max_words",
  });

/** Default wordings of a hand-over and of a refusal. */
const HANDS_OVER = [
  ..."human colleague, a colleague, my colleagues, our colleagues, a human agent, a member of our team".split(
    ", ",
  ),
  ..."hand you over, hand this over, handing you over, handing this over, pass you on, pass this on".split(
    ", ",
  ),
  ..."pass you to, pass this to, put you through, transfer you, connect you, forward you, forward this".split(
    ", ",
  ),
  ..."escalate this, speak to a person, talk to a person, speak to a human, talk to a human".split(", "),
];
const REFUSES = [
  ..."I cannot, I can't, I can not, I am not able, I'm not able, I am unable, I'm unable, I won't, I will not".split(
    ", ",
  ),
  ..."we cannot, we can't, we can not, we are not able, we're not able, we are unable, we won't, we will not".split(
    ", ",
  ),
  ..."cannot help with, can't help with, must decline, have to decline, not allowed to, is not possible".split(
    ", ",
  ),
];

/** task.yaml as written: narrow boundaries, data, cases and criteria of one job, before anything is trained. */
export const taskFields = z.strictObject({
  version: z.literal(1).describe("Version of this file's form."),
  name: z
    .string()
    .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/, "letters, digits, dots, dashes and underscores, at most 64")
    .describe("The task's name; runs and exports carry it."),
  kind: z
    .enum(TASK_KINDS, {
      error: ({ input }) => `no task kind is called ${input}; known: ${TASK_KINDS.join(", ")}`,
    })
    .default("chat")
    .describe("What the model does."),
  labels: z
    .array(text)
    .min(2)
    .refine((labels) => new Set(labels).size === labels.length, { error: "names a label twice" })
    .optional()
    .describe("Kind classify: the classes, in the order of the head's rows."),
  class_weights: z
    .union([z.enum(["none", "balanced"]), z.record(z.string(), z.number().positive())])
    .default("none")
    .describe(
      "Kind classify: factor of each class in the loss. balanced: rows / (classes * rows of the class); or a number by label, 1 for labels that are not named.",
    ),
  hand_over: z
    .strictObject({
      below: z.number().gt(0).max(1).describe("Probability of the label below which a person gets the text."),
      error_cost: z.number().positive().describe("Cost of a wrong label that nobody looked at."),
      hand_over_cost: z
        .number()
        .positive()
        .default(1)
        .describe("Cost of a text that a person labels, in the same unit."),
    })
    .optional()
    .describe("Kind classify: when a person labels a text, and what errors cost; reported, not tested."),
  purpose: text.describe("The job in one sentence."),
  in_scope: z.array(text).min(1).describe("Topics that the model answers."),
  out_of_scope: z.array(text).default([]).describe("Topics that it hands over."),
  base: text.describe("The base model: a catalog name, a folder, a GGUF file, or hf:org/name@rev."),
  policy: path.describe('The policy, one rule a line: "R12 (critical) Final sale items cannot be returned."'),
  data: z
    .strictObject({
      train: z
        .union([path, z.array(path).min(1)], { error: "expected a file or a list of files" })
        .describe("One or several files of training rows: JSONL, or CSV with a header."),
      columns: z
        .strictObject({
          text: text.default("text").describe("Column of the text."),
          label: text.default("label").describe("Column of the label."),
        })
        .optional()
        .describe("Kind classify: names of the columns, where they are not text and label."),
      group: text.optional().describe("A row's field; rows that share its value are never parted."),
      validation: z.number().gt(0).max(0.5).default(0.1).describe("Share of groups kept for validation."),
      review: path.optional().describe("A person's decisions on what curate found."),
      personal: z
        .record(
          z.string().regex(/^[a-z][a-z-]*$/, "a label is lower-case letters and dashes"),
          text.check(({ value, issues }) => {
            try {
              new RegExp(value, "gu");
            } catch (error) {
              issues.push({ code: "custom", message: (error as Error).message, input: value });
            }
          }),
        )
        .optional()
        .describe(
          "What is personal here beside mail addresses, phone numbers and the like: regular expressions by the label that masks them, such as order: 'AS-\\d{6}'.",
        ),
      replay: z
        .strictObject({
          file: path.describe("General rows that are mixed in against forgetting."),
          share: z.number().gt(0).max(0.9).default(0.1).describe("Their share of the training tokens."),
        })
        .optional()
        .describe("General data mixed into training."),
      grounding: z
        .strictObject({
          from: z
            .enum(["policy", "transcripts", "articles"])
            .describe(
              "Passages: the policy's rules, the answers of the training rows, or those of `articles`.",
            ),
          articles: path
            .optional()
            .describe("File of passages for from: articles: JSONL { id?, title?, text }, or markdown."),
          top: z.int().min(1).max(20).default(3).describe("Number of passages in a prompt."),
          where: z.literal("system").default("system").describe("Message that receives the passages."),
        })
        .optional()
        .describe("Kind chat: the passages nearest to a question are placed in the prompt."),
    })
    .describe("What the model is trained on."),
  cases: z
    .record(pack, path)
    .refine((packs) => Object.keys(packs).length > 0, { error: "needs at least one pack of cases" })
    .describe("Held-out cases, a JSONL file for each pack; training never sees them."),
  decoding: z
    .strictObject({
      max_new_tokens: z.int().min(1).max(4096).default(64).describe("The most tokens of an answer."),
      temperature: z.number().min(0).max(2).default(0).describe("0 is greedy; above, seeded sampling."),
    })
    .prefault({})
    .describe("How base and tuned answer the cases."),
  seed: z
    .int()
    .min(0)
    .max(2 ** 32 - 1)
    .default(7)
    .describe("Seed of everything that is drawn."),
  train: trainSettingsSchema.prefault({}).describe("Hyperparameters; every one has a default."),
  success: z.array(criterionSchema).min(1).describe("The criteria, all of which must pass."),
  style: z.array(styleSchema).default([]).describe("Style rules that cases and criteria name."),
  wording: z
    .strictObject({
      hands_over: z
        .array(text)
        .min(1)
        .default(HANDS_OVER)
        .describe("Wordings, one of which makes an answer a hand-over; they replace the general ones."),
      refuses: z
        .array(text)
        .min(1)
        .default(REFUSES)
        .describe("Wordings, one of which makes an answer a refusal; they replace the general ones."),
    })
    .prefault({})
    .describe("How answers hand over and refuse; docs/scoring.md lists the general wordings."),
  drift: z
    .strictObject({
      reference: path.describe("Raw queries of the training period, held back from training."),
    })
    .optional()
    .describe("What later queries are compared with."),
  retrain: z
    .strictObject({
      max_age_days: z.number().positive().optional().describe("Due when the adapter is older."),
      min_new_queries: z.int().min(1).default(300).describe("Fewer new queries say nothing."),
      on_drift: z.boolean().default(true).describe("Due when the queries have drifted."),
      on_policy_change: z.boolean().default(true).describe("Due when the policy has changed."),
    })
    .prefault({})
    .describe("When `due` says that it is time to train again."),
});

/** The keys of a task together with what its kind asks of them. */
export const taskSchema = taskFields.superRefine((task, context) => {
  const at = (path: PropertyKey[], message: string) =>
    context.addIssue({ code: "custom", path, message, input: undefined });
  for (const [i, criterion] of task.success.entries()) {
    const rival = criterion.kind === "superiority" ? (criterion.against ?? "base") : "base";
    if (rival !== "base" && !CONTESTANTS_OF[task.kind].includes(rival))
      at(["success", i, "against"], `${rival} does not answer the cases of kind ${task.kind}`);
  }
  const { labels, class_weights: weights, hand_over, data } = task;
  if (task.kind === "classify") {
    if (labels === undefined) at(["labels"], "kind classify needs the list of its classes");
    if (data.grounding !== undefined)
      at(["data", "grounding"], "belongs to kind chat: a classifier has no system message");
    if (data.replay !== undefined)
      at(["data", "replay"], "kind classify has no general rows: they have no label");
    for (const name of typeof weights === "string" ? [] : Object.keys(weights))
      if (!labels?.includes(name)) at(["class_weights", name], "is no label of this task");
    return;
  }
  const { grounding } = data;
  if (grounding?.from === "articles" && grounding.articles === undefined)
    at(["data", "grounding", "articles"], "from: articles needs the file of the articles");
  if (grounding !== undefined && grounding.from !== "articles" && grounding.articles !== undefined)
    at(["data", "grounding", "articles"], `belongs to from: articles, this is ${grounding.from}`);
  if (labels !== undefined) at(["labels"], `belongs to kind classify, this is ${task.kind}`);
  if (weights !== "none") at(["class_weights"], `belongs to kind classify, this is ${task.kind}`);
  if (hand_over !== undefined) at(["hand_over"], `belongs to kind classify, this is ${task.kind}`);
  if (data.columns !== undefined) at(["data", "columns"], `belongs to kind classify, this is ${task.kind}`);
});

export type TaskSpec = z.output<typeof taskSchema>;
export type Criterion = TaskSpec["success"][number];
export type StyleRule = TaskSpec["style"][number];
export type Decoding = TaskSpec["decoding"];
export type HandOver = NonNullable<TaskSpec["hand_over"]>;
export type Retrain = TaskSpec["retrain"];

/** JSON Schema (draft 2020-12) of task.yaml, for editors (docs/task.schema.json, and beside each new task) and the generated reference. */
export function taskJsonSchema(): z.core.JSONSchema.BaseSchema {
  return z.toJSONSchema(taskSchema, { io: "input" });
}
