import { relative } from "node:path";
import { type Encoded, type EncodedRow, encodeRows } from "../data/encode.ts";
import { type BatchPlan, planBatches } from "../data/plan.ts";
import type { TrainingRow } from "../data/row-format.ts";
import { readRows } from "../data/rows.ts";
import { splitByGroup } from "../data/split.ts";
import { LorafitError } from "../errors.ts";
import { sha256File } from "../formats/files.ts";
import { sha256 } from "../formats/hash.ts";
import { fitsIn, groundRows } from "../grounding/ground.ts";
import type { GroundingIndex } from "../grounding/grounding-index.ts";
import { taskIndex } from "../grounding/task-index.ts";
import { kindOf } from "../kinds/index.ts";
import type { ModelConfig } from "../model/config.ts";
import type { Task } from "../task/load.ts";
import { groundingSources } from "../task/lock.ts";
import type { Tokenizer } from "../tokens/tokenizer.ts";

/** Default limit of the sequence length, for bases with a longer context. */
const DEFAULT_SEQUENCE = 512;

/** Identity of the training data; needs no tokenizer. */
export interface DataIdentity {
  readonly files: readonly { readonly file: string; readonly sha256: string }[];
  /** Covers all files, the split and the share of replay. */
  readonly sha256: string;
}

/** The task's rows as batches, and the identity of their files. */
export interface PreparedData extends DataIdentity {
  readonly train: readonly EncodedRow[];
  readonly validation: readonly EncodedRow[];
  readonly batchPlan: BatchPlan;
  /** Null when no row could be held out. */
  readonly validationPlan: BatchPlan | null;
  /** Held-out general text; null unless the task trains within a budget. */
  readonly general: { readonly rows: number; readonly batchPlan: BatchPlan } | null;
  /** Passages of the task's prompts; absent in a task without grounding. */
  readonly grounding?: GroundingIndex | undefined;
  readonly warnings: readonly string[];
}

/** Hashes the training files (`files` in place of the task's own) and the replay file. */
export function dataIdentity(task: Task, files: readonly string[] = task.paths.train): DataIdentity {
  const { data, paths } = task;
  const identity = [...files, ...(paths.replay === undefined ? [] : [paths.replay])].map((path) => ({
    file: relative(task.folder, path),
    sha256: sha256File(path),
  }));
  const parts = [identity.map((file) => file.sha256), data.group, data.validation, data.replay?.share];
  if (task.labels !== undefined) parts.push(JSON.stringify([task.labels, task.class_weights, data.columns]));
  if (data.grounding !== undefined)
    parts.push(JSON.stringify([data.grounding, groundingSources(task).map(sha256File)]));
  return { files: identity, sha256: sha256(JSON.stringify(parts)) };
}

/**
 * Reads, splits, encodes and plans.
 * @param files replace the task's own training files, such as the clean set
 * @throws data error that lists every bad row; usage error for a sequence longer than the base's context
 */
export function prepareData(
  task: Task,
  tokenizer: Tokenizer,
  model: ModelConfig,
  files: readonly string[] = task.paths.train,
): PreparedData {
  const { seed, data, train: settings } = task;
  const format = kindOf(task).rows;
  const maxLength = sequenceLength(settings.sequence_length, model);
  const rows = readRows(format, files, { groupKey: data.group });
  const grounding = taskIndex(task, format, rows);
  const warnings: string[] = [];
  const grounded = (rows: readonly TrainingRow[]): readonly TrainingRow[] => {
    if (grounding === undefined) return rows;
    const result = groundRows(rows, grounding, fitsIn(format, tokenizer, maxLength));
    if (result.dropped > 0)
      warnings.push(
        `${result.dropped} rows have fewer than ${grounding.settings.top} passages, to fit ${maxLength} tokens`,
      );
    return result.rows;
  };
  const parted = splitByGroup(rows, { validation: data.validation, seed });
  const split = { train: grounded(parted.train), validation: grounded(parted.validation) };
  const weightOf = format.weigher?.(split.train, (text) => warnings.push(text));
  const own = encodeRows(format, split.train, tokenizer, { maxLength, weightOf });
  const held = encodeRows(format, split.validation, tokenizer, { maxLength, weightOf });
  warnings.push(...own.warnings, ...held.warnings);
  const { replay, general } = replayRows(task, tokenizer, maxLength);
  warnings.push(...(replay?.warnings ?? []));
  const options = {
    seed,
    packing: settings.packing,
    sequenceLength: maxLength,
    tokensPerStep: settings.tokens_per_step,
    microBatchTokens: settings.micro_batch_tokens ?? settings.tokens_per_step,
  };
  const length =
    settings.max_steps === undefined ? { epochs: settings.epochs } : { steps: settings.max_steps };
  return {
    train: own.rows,
    validation: held.rows,
    batchPlan: planBatches(own.rows, { ...options, length, replay }),
    validationPlan:
      held.rows.length === 0 ? null : planBatches(held.rows, { ...options, length: { epochs: 1 } }),
    general:
      general === undefined
        ? null
        : { rows: general.length, batchPlan: planBatches(general, { ...options, length: { epochs: 1 } }) },
    grounding,
    warnings,
    ...dataIdentity(task, files),
  };
}

/** Limit of held-out rows of general text: enough to resolve 0.05 nat, and few enough to be measured many times. */
const GENERAL_ROWS = 256;

interface ReplayRows {
  readonly replay?: Encoded & { readonly share: number };
  readonly general?: readonly EncodedRow[];
}

/** General text for replay, and the part held out when the task trains within a budget. */
function replayRows(task: Task, tokenizer: Tokenizer, maxLength: number): ReplayRows {
  const { data, train, seed, paths } = task;
  if (data.replay === undefined || paths.replay === undefined) return {};
  const format = kindOf(task).rows;
  const rows = readRows(format, [paths.replay]);
  const share = Math.min(data.validation, GENERAL_ROWS / rows.length);
  const split = train.within_budget
    ? splitByGroup(rows, { validation: share, seed })
    : { train: rows, validation: undefined };
  const encoded = encodeRows(format, split.train, tokenizer, { maxLength });
  return {
    replay: { ...encoded, share: data.replay.share },
    ...(split.validation && { general: encodeRows(format, split.validation, tokenizer, { maxLength }).rows }),
  };
}

/** Limit of the row length in tokens. @throws data error for more than the base's context */
export function sequenceLength(wanted: number | undefined, model: ModelConfig): number {
  if (wanted !== undefined && wanted > model.maxPositions) {
    throw new LorafitError(
      "data",
      `train.sequence_length: ${wanted} tokens are more than the base's context of ${model.maxPositions}`,
      { hint: `use at most ${model.maxPositions}` },
    );
  }
  return wanted ?? Math.min(model.maxPositions, DEFAULT_SEQUENCE);
}
