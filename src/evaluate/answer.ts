import { LorafitError, listMistakes } from "../errors.ts";
import type { Decoding, StyleRule } from "../task/schema.ts";
import type { Answered, AnswerRow } from "./answer-row.ts";
import type { Case, CaseBody } from "./cases.ts";
import type { EvaluatedModel } from "./model.ts";
import { checkFailure } from "./scorers.ts";

/** Tokens of a batch, padding and room for answers included: bounds the key/value cache in memory. */
const GENERATE_TOKENS = 4096;
/** The same where every token is scored: bounds the logits. */
const SCORE_TOKENS = 2048;

/** Progress, with the seconds that the rest should take at the pace so far. */
export interface AnswerProgress {
  event: "answer-progress";
  model: "base" | "tuned";
  done: number;
  total: number;
  secondsLeft: number;
}

export interface AnswerOptions {
  base: EvaluatedModel;
  tuned: EvaluatedModel;
  cases: readonly Case[];
  decoding: Decoding;
  seed: number;
  style: readonly StyleRule[];
  onProgress?: (event: AnswerProgress) => void;
  signal?: AbortSignal;
}

interface Scored {
  ids: number[];
  from: number;
}

/** Everything that is put to a model: the same token ids to base and tuned, in the same order and batches. */
interface Questions {
  prompts: { id: string; ids: number[] }[];
  /** Several rows of one case share its id: options of a choice, or the two sides of a pair. */
  rows: { id: string; text: string; row: Scored }[];
}

const choices = (body: CaseBody): string[] =>
  body.kind === "chat"
    ? body.checks.flatMap((check) => (check.kind === "choice" ? [check.value.good, ...check.value.bad] : []))
    : [];

const needsText = (body: CaseBody) =>
  body.kind === "chat" && body.checks.some((check) => check.kind !== "choice");

function questionsOf(model: EvaluatedModel, cases: readonly Case[], decoding: Decoding): Questions {
  const { tokenizer, config } = model;
  const questions: Questions = { prompts: [], rows: [] };
  const tooLong: string[] = [];
  // Something must stand before the first token for it to be predicted: as in lm-evaluation-harness, BOS or else EOS.
  const prefix = [config.bosId ?? config.eosIds?.[0] ?? []].flat();
  for (const { id, body, where } of cases) {
    if (body.kind === "chat") {
      const prompt = tokenizer.encode(tokenizer.renderChat(body.messages, { addGenerationPrompt: true }));
      let longest = 0;
      if (needsText(body)) {
        questions.prompts.push({ id, ids: prompt });
        longest = prompt.length + decoding.max_new_tokens;
      }
      for (const text of new Set(choices(body))) {
        const ids = [...prompt, ...tokenizer.encode(text)];
        questions.rows.push({ id, text, row: { ids, from: prompt.length } });
        longest = Math.max(longest, ids.length);
      }
      if (longest > config.maxPositions) tooLong.push(`${where}: ${longest} tokens with the answer`);
    } else {
      for (const text of body.kind === "text" ? [body.text] : new Set([body.good, body.bad])) {
        // A text is compared with itself, so both models may read its beginning only; a pair must be whole.
        const all = [...prefix, ...tokenizer.encode(text)];
        const ids = body.kind === "text" ? all.slice(0, config.maxPositions) : all;
        if (ids.length > config.maxPositions) tooLong.push(`${where}: ${ids.length} tokens`);
        questions.rows.push({ id, text, row: { ids, from: 1 } });
      }
    }
  }
  const empty = questions.rows.filter(({ row }) => row.ids.length <= row.from).map(({ id }) => id);
  if (tooLong.length > 0 || empty.length > 0) {
    const lines = [
      ...tooLong.map((line) => `${line}, the model's context holds ${config.maxPositions}`),
      ...empty.map((id) => `${id}: has no token to predict`),
    ];
    throw new LorafitError("data", `cases do not fit the model:\n${listMistakes(lines)}`, {
      hint: "shorten the cases, or lower decoding.max_new_tokens",
    });
  }
  questions.prompts.sort((a, b) => a.ids.length - b.ids.length);
  questions.rows.sort((a, b) => a.row.ids.length - b.row.ids.length);
  return questions;
}

/** Cuts entries, sorted by length, into batches whose padded size stays within `budget` tokens. */
function* batches<T>(entries: readonly T[], length: (entry: T) => number, budget: number): Generator<T[]> {
  let batch: T[] = [];
  for (const entry of entries) {
    if (batch.length > 0 && (batch.length + 1) * length(entry) > budget) {
      yield batch;
      batch = [];
    }
    batch.push(entry);
  }
  if (batch.length > 0) yield batch;
}

interface Heard {
  generated: Map<string, { text: string; tokens: number; finish: "stop" | "length" }>;
  /** By case id, then by text: natural log-likelihood and number of tokens. */
  likelihood: Map<string, Map<string, { sum: number; count: number }>>;
}

async function ask(
  model: EvaluatedModel,
  questions: Questions,
  { decoding, seed, signal }: AnswerOptions,
  onWork: (units: number) => void,
): Promise<Heard> {
  const heard: Heard = { generated: new Map(), likelihood: new Map() };
  const room = decoding.max_new_tokens;
  for (const batch of batches(questions.prompts, ({ ids }) => ids.length + room, GENERATE_TOKENS)) {
    signal?.throwIfAborted();
    const answers = await model.generate(
      batch.map(({ ids }) => ids),
      {
        maxNewTokens: room,
        temperature: decoding.temperature,
        // Batches differ in what they draw; base and tuned do not.
        seed: (seed + heard.generated.size) >>> 0,
        batchSize: batch.length,
        ...(signal && { signal }),
      },
    );
    for (const [i, { ids, finish }] of answers.entries()) {
      const text = model.tokenizer.decode(ids, { skipSpecial: true }).trim();
      heard.generated.set(batch[i]!.id, { text, tokens: ids.length, finish });
    }
    onWork(batch.length * room);
  }
  for (const batch of batches(questions.rows, ({ row }) => row.ids.length, SCORE_TOKENS)) {
    signal?.throwIfAborted();
    const rows = batch.map(({ row }) => row);
    const scores = await model.logLikelihood(rows, { batchSize: batch.length });
    for (const [i, { id, text }] of batch.entries()) {
      const texts = heard.likelihood.get(id) ?? new Map<string, { sum: number; count: number }>();
      heard.likelihood.set(id, texts.set(text, scores[i]!));
    }
    onWork(rows.reduce((total, { ids }) => total + ids.length, 0));
  }
  return heard;
}

function scoreCase({ id, body }: Case, heard: Heard, style: readonly StyleRule[]): Answered {
  const texts = heard.likelihood.get(id) ?? new Map<string, { sum: number; count: number }>();
  const perToken = new Map([...texts].map(([text, { sum, count }]) => [text, sum / count]));
  const scored = [...texts.values()].reduce((total, { count }) => total + count, 0);
  if (body.kind === "text") return { score: -perToken.get(body.text)!, tokens: scored };
  if (body.kind === "pair") {
    // Whole sentences of nearly equal length: their sums are compared, as BLiMP does.
    return { score: texts.get(body.good)!.sum > texts.get(body.bad)!.sum ? 1 : 0, tokens: scored };
  }
  const generated = heard.generated.get(id);
  const preferred = [...perToken].reduce((best, option) => (option[1] > best[1] ? option : best), [
    "",
    Number.NEGATIVE_INFINITY,
  ] as [string, number]);
  const output = generated?.text ?? preferred[0];
  const failed = body.checks.flatMap(
    (check) => checkFailure(check, { text: output, options: perToken }, style) ?? [],
  );
  return {
    output,
    score: failed.length === 0 ? 1 : 0,
    tokens: generated?.tokens ?? scored,
    ...(generated && { finish: generated.finish }),
    ...(failed.length > 0 && { failed }),
  };
}

const promptOf = (body: CaseBody): string =>
  body.kind === "chat" ? body.messages.at(-1)!.content : body.kind === "text" ? body.text : body.good;

/**
 * Lets base and tuned answer the same cases: same token ids, batches, decoding and seeds.
 * @throws data error that lists the cases which do not fit the model's context
 */
export async function answerCases(options: AnswerOptions): Promise<AnswerRow[]> {
  const { base, tuned, cases, decoding, style, onProgress } = options;
  const questions = questionsOf(base, cases, decoding);
  const units =
    questions.prompts.length * decoding.max_new_tokens +
    questions.rows.reduce((total, { row }) => total + row.ids.length, 0);
  const began = performance.now();
  let done = 0;
  const hear = (name: "base" | "tuned", model: EvaluatedModel) =>
    ask(model, questions, options, (work) => {
      done += work;
      const secondsLeft = ((performance.now() - began) / 1000 / done) * (2 * units - done);
      onProgress?.({ event: "answer-progress", model: name, done, total: 2 * units, secondsLeft });
    });
  const fromBase = await hear("base", base);
  const fromTuned = await hear("tuned", tuned);
  return cases.map((item) => ({
    id: item.id,
    pack: item.pack,
    kind: item.body.kind,
    cluster: item.cluster,
    ...(item.rule !== undefined && { rule: item.rule }),
    ...(item.slice !== undefined && { slice: item.slice }),
    critical: item.critical,
    hash: item.hash,
    prompt: promptOf(item.body),
    base: scoreCase(item, fromBase, style),
    tuned: scoreCase(item, fromTuned, style),
    base_sha256: base.sha256,
    artifact_sha256: tuned.sha256,
  }));
}
