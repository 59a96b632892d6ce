import { LorafitError, listMistakes } from "../errors.ts";
import type { Task } from "../task/load.ts";
import type { Decoding } from "../task/schema.ts";
import type { AnswerRow } from "./answer-row.ts";
import type { Case, CaseBody } from "./cases.ts";
import { loadScripts } from "./checks/script.ts";
import { answersByGroup } from "./groups.ts";
import type { EvaluatedModel } from "./model.ts";
import { type Likelihood, type ModelOutputs, needsText, scoreCase } from "./score-case.ts";

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
  task: Task;
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
  rows: { id: string; text: string; row: Scored; bytes: number }[];
}

const choices = (body: CaseBody): string[] =>
  body.kind === "chat"
    ? body.checks.flatMap((check) => (check.kind === "choice" ? [check.value.good, ...check.value.bad] : []))
    : [];

/** Names of the users' functions that the cases call. */
export const scriptFiles = (cases: readonly Case[]): string[] =>
  cases.flatMap(({ body }) =>
    body.kind === "chat"
      ? body.checks.flatMap((check) => (check.kind === "script" ? [check.value.file] : []))
      : [],
  );

function questionsOf(model: EvaluatedModel, cases: readonly Case[], decoding: Decoding): Questions {
  const { tokenizer, config } = model;
  const questions: Questions = { prompts: [], rows: [] };
  const tooLong: string[] = [];
  // Something must stand before the first token for it to be predicted: as in lm-evaluation-harness, BOS or else EOS.
  const prefix = [config.bosId ?? config.eosIds?.[0] ?? []].flat();
  for (const item of cases) {
    const { id, body, where } = item;
    if (body.kind === "chat") {
      const prompt = tokenizer.encode(tokenizer.renderChat(body.messages, { addGenerationPrompt: true }));
      let longest = 0;
      if (needsText(item)) {
        questions.prompts.push({ id, ids: prompt });
        longest = prompt.length + decoding.max_new_tokens;
      }
      for (const text of new Set(choices(body))) {
        const ids = [...prompt, ...tokenizer.encode(text)];
        questions.rows.push({ id, text, row: { ids, from: prompt.length }, bytes: Buffer.byteLength(text) });
        longest = Math.max(longest, ids.length);
      }
      if (longest > config.maxPositions) tooLong.push(`${where}: ${longest} tokens with the answer`);
    } else {
      for (const text of body.kind === "text" ? [body.text] : new Set([body.good, body.bad])) {
        // A text is compared with itself, so both models may read its beginning only; a pair must be whole.
        const all = [...prefix, ...tokenizer.encode(text)];
        const ids = body.kind === "text" ? all.slice(0, config.maxPositions) : all;
        if (ids.length > config.maxPositions) tooLong.push(`${where}: ${ids.length} tokens`);
        const read =
          ids.length < all.length ? tokenizer.decode(ids.slice(prefix.length), { skipSpecial: false }) : text;
        questions.rows.push({ id, text, row: { ids, from: 1 }, bytes: Buffer.byteLength(read) });
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

async function ask(
  model: EvaluatedModel,
  questions: Questions,
  { task: { decoding, seed }, signal }: AnswerOptions,
  onWork: (units: number) => void,
): Promise<ModelOutputs> {
  const outputs: ModelOutputs = { generated: new Map(), likelihood: new Map() };
  const room = decoding.max_new_tokens;
  for (const batch of batches(questions.prompts, ({ ids }) => ids.length + room, GENERATE_TOKENS)) {
    signal?.throwIfAborted();
    const answers = await model.generate(
      batch.map(({ ids }) => ids),
      {
        maxNewTokens: room,
        temperature: decoding.temperature,
        // Batches differ in what they draw; base and tuned do not.
        seed: (seed + outputs.generated.size) >>> 0,
        batchSize: batch.length,
        ...(signal && { signal }),
      },
    );
    for (const [i, { ids, finish }] of answers.entries()) {
      const text = model.tokenizer.decode(ids, { skipSpecial: true }).trim();
      outputs.generated.set(batch[i]!.id, { text, tokens: ids.length, finish });
    }
    onWork(batch.length * room);
  }
  for (const batch of batches(questions.rows, ({ row }) => row.ids.length, SCORE_TOKENS)) {
    signal?.throwIfAborted();
    const rows = batch.map(({ row }) => row);
    const scores = await model.logLikelihood(rows, { batchSize: batch.length });
    for (const [i, { id, text, bytes }] of batch.entries()) {
      const texts = outputs.likelihood.get(id) ?? new Map<string, Likelihood>();
      outputs.likelihood.set(id, texts.set(text, { ...scores[i]!, bytes }));
    }
    onWork(rows.reduce((total, { ids }) => total + ids.length, 0));
  }
  return outputs;
}

const promptOf = (body: CaseBody): string =>
  body.kind === "chat" ? body.messages.at(-1)!.content : body.kind === "text" ? body.text : body.good;

/**
 * Lets base and tuned answer the same cases: same token ids, batches, decoding and seeds.
 * @throws data error that lists the cases which do not fit the model's context, or the scripts that cannot be used
 */
export async function answerCases(options: AnswerOptions): Promise<AnswerRow[]> {
  const { base, tuned, cases, task, onProgress } = options;
  const { decoding } = task;
  const scripts = await loadScripts(task.folder, scriptFiles(cases));
  const questions = questionsOf(base, cases, decoding);
  const units =
    questions.prompts.length * decoding.max_new_tokens +
    questions.rows.reduce((total, { row }) => total + row.ids.length, 0);
  const began = performance.now();
  let done = 0;
  const answersOf = (name: "base" | "tuned", model: EvaluatedModel) =>
    ask(model, questions, options, (work) => {
      done += work;
      const secondsLeft = ((performance.now() - began) / 1000 / done) * (2 * units - done);
      onProgress?.({ event: "answer-progress", model: name, done, total: 2 * units, secondsLeft });
    });
  const scorer = (outputs: ModelOutputs) => {
    const groups = answersByGroup(cases, (id) => outputs.generated.get(id)!.text);
    return (item: Case) => scoreCase(item, outputs, { rules: task, scripts, groups });
  };
  const scoreBase = scorer(await answersOf("base", base));
  const scoreTuned = scorer(await answersOf("tuned", tuned));
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
    base: scoreBase(item),
    tuned: scoreTuned(item),
    base_sha256: base.sha256,
    artifact_sha256: tuned.sha256,
  }));
}
