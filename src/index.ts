/**
 * Public library API. It writes nothing to the terminal, sets no exit code and has no global state. Errors are thrown as
 * LorafitError, progress is yielded as events. Native parts are loaded when an engine or an export is opened.
 */
export { type CurateOptions, type CurateSummary, curate } from "./data/curate/curate.ts";
export type { Finding, FindingKind } from "./data/curate/finding.ts";
export type { Engine, EngineSession } from "./engines/engine.ts";
export { ENGINE_NAMES, type SelectedEngine, selectEngine } from "./engines/select.ts";
export { tfjsEngine } from "./engines/tfjs/tfjs.ts";
export { type ErrorKind, EXIT, LorafitError } from "./errors.ts";
export type { Case } from "./evaluate/cases/case.ts";
export { type GateInput, gate, type Verdict } from "./evaluate/gate.ts";
export { type ExportOptions, type ExportReport, exportModel } from "./export/export.ts";
export { type ExportedModel, type OpenOptions, openExported } from "./export/session.ts";
export { type Grounded, type GroundOptions, ground } from "./grounding/ground.ts";
export { type FoundPassage, type GroundingIndex, openGrounding } from "./grounding/grounding-index.ts";
export { openModel } from "./model/open.ts";
export type { WeightSource } from "./model/weights.ts";
export { loadTask, type Task } from "./task/load.ts";
export type { TrainEvent } from "./train/events.ts";
export { type TrainOptions, trainRun } from "./train/run.ts";
export type { PipelineEvent, StageName } from "./workflow/events.ts";
export { type PipelineOptions, runPipeline, STAGES, type Stage } from "./workflow/pipeline.ts";
export { Project, type ProjectOptions } from "./workflow/project.ts";
export { openRun, type Run } from "./workflow/run.ts";
