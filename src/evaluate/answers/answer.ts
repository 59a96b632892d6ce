import type { Task } from "../../task/load.ts";
import type { PolicyRule } from "../../task/policy.ts";
import { CONTESTANTS, CONTESTANTS_OF, type Contestant } from "../../task/schema.ts";
import type { Case } from "../cases/case.ts";
import { answersByGroup } from "../cases/groups.ts";
import type { Questions } from "../cases/kinds/case-kind.ts";
import { isChat } from "../cases/kinds/chat.ts";
import { caseKindOf } from "../cases/kinds/index.ts";
import type { ModelOutputs } from "../cases/model-outputs.ts";
import { questionsOf, workOf } from "../cases/questions.ts";
import { contestantOf } from "../cases/select.ts";
import { loadScripts } from "../checks/script.ts";
import type { Answered, AnswerRow } from "./answer-row.ts";
import { ask } from "./ask.ts";
import { lookupResults, preparePrompted } from "./contestants.ts";
import type { Lookup } from "./lookup.ts";
import type { EvaluatedModel } from "./model.ts";

type Speaker = "base" | "tuned" | "prompted";

/** Progress, with the seconds left at the pace so far. */
export interface AnswerProgress {
  event: "answer-progress";
  model: Speaker;
  done: number;
  total: number;
  secondsLeft: number;
}

/** A contestant that does not take part, and why. */
export interface ContestantLeftOut {
  event: "contestant-left-out";
  contestant: Contestant;
  reason: string;
}

export type AnswerEvent = AnswerProgress | ContestantLeftOut;

type Reason = { readonly reason: string };
/** The contestants that find answers in the rows that were trained on. */
export type Finders = { readonly [Name in Exclude<Contestant, "prompted">]?: Lookup | Reason };

export interface AnswerOptions {
  base: EvaluatedModel;
  tuned: EvaluatedModel;
  cases: readonly Case[];
  task: Task;
  /** Contestants that find an answer without a model, or why there is none. */
  finders: Finders;
  prompted: {
    readonly policy: readonly PolicyRule[];
    /** True if it was asked for by a flag. A criterion whose `against` names it asks for it too. */
    readonly asked: boolean;
  };
  onEvent?: (event: AnswerEvent) => void;
  signal?: AbortSignal;
}

/** File names of the user functions that the cases call. */
export const scriptFiles = (cases: readonly Case[]): string[] =>
  cases
    .filter(isChat)
    .flatMap(({ body }) =>
      body.checks.flatMap((check) => (check.kind === "script" ? [check.value.file] : [])),
    );

/**
 * Lets base and tuned answer the same cases (same token ids, batches, decoding and seeds), then the contestants.
 * @throws data error that lists the cases which do not fit the model's context, or the scripts that cannot be used
 */
export async function answerCases(options: AnswerOptions): Promise<AnswerRow[]> {
  const { base, tuned, cases, task, finders, prompted, onEvent, signal } = options;
  const { decoding } = task;
  const scripts = await loadScripts(task.folder, scriptFiles(cases));
  const questions = questionsOf(base, cases, decoding);
  const work = workOf(questions, decoding);
  const began = performance.now();
  const seconds = () => (performance.now() - began) / 1000;
  let [done, total] = [0, 2 * work];
  const answersOf = (name: Speaker, model: EvaluatedModel, questions: Questions) =>
    ask(
      model,
      questions,
      task,
      (tokens) => {
        done += tokens;
        const secondsLeft = (seconds() / done) * (total - done);
        onEvent?.({ event: "answer-progress", model: name, done, total, secondsLeft });
      },
      signal,
    );
  const scorer = (cases: readonly Case[], outputs: ModelOutputs) => {
    const groups = answersByGroup(cases, (id) => outputs.generated.get(id)!.text);
    return (item: Case) => caseKindOf(item).score(item, outputs, { rules: task, scripts, groups });
  };
  const scoreBase = scorer(cases, await answersOf("base", base, questions));
  const scoreTuned = scorer(cases, await answersOf("tuned", tuned, questions));

  const results: { [K in Contestant]?: ReadonlyMap<string, Answered> } = {};
  const leaveOut = (contestant: Contestant, reason: string) =>
    onEvent?.({ event: "contestant-left-out", contestant, reason });
  const rows = (): AnswerRow[] =>
    cases.map((item) => ({
      id: item.id,
      pack: item.pack,
      kind: item.body.kind,
      cluster: item.cluster,
      ...(item.rule !== undefined && { rule: item.rule }),
      ...(item.slice !== undefined && { slice: item.slice }),
      critical: item.critical,
      hash: item.hash,
      prompt: caseKindOf(item).promptOf(item.body),
      ...labelOf(item),
      base: scoreBase(item),
      tuned: scoreTuned(item),
      ...contestantsOf(item.id, results),
      base_sha256: base.sha256,
      artifact_sha256: tuned.sha256,
    }));

  const countTokens = (text: string) => base.tokenizer.encode(text).length;
  for (const [name, found] of Object.entries(finders) as [keyof Finders, Lookup | Reason][]) {
    if ("reason" in found) leaveOut(name, found.reason);
    else results[name] = lookupResults(found, cases, task, scripts, countTokens);
  }
  if (!CONTESTANTS_OF[task.kind].includes("prompted")) return rows();
  const asked = prompted.asked || task.success.some((criterion) => contestantOf(criterion) === "prompted");
  const input = preparePrompted(base, task, prompted.policy, cases, asked, seconds() / total);
  if ("reason" in input) leaveOut("prompted", input.reason);
  else {
    total += workOf(input.questions, decoding);
    const score = scorer(input.cases, await answersOf("prompted", base, input.questions));
    results.prompted = new Map(input.cases.map((item) => [item.id, score(item)]));
  }

  return rows();
}

function labelOf(item: Case): Pick<AnswerRow, "label"> {
  const label = caseKindOf(item).labelOf?.(item.body);
  return label === undefined ? {} : { label };
}

function contestantsOf(
  id: string,
  results: { readonly [K in Contestant]?: ReadonlyMap<string, Answered> },
): Pick<AnswerRow, "contestants"> {
  const own = CONTESTANTS.flatMap((name) => {
    const answered = results[name]?.get(id);
    return answered === undefined ? [] : [[name, answered] as const];
  });
  return own.length === 0 ? {} : { contestants: Object.fromEntries(own) };
}
