import { readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { encodeRows } from "../../src/data/encode.ts";
import { parseRows, readRows } from "../../src/data/rows.ts";
import { referenceEngine } from "../../src/engines/reference/reference.ts";
import { wrongScores } from "../../src/evaluate/answers/rescore.ts";
import { readCases } from "../../src/evaluate/cases/cases.ts";
import { verdictTable } from "../../src/evaluate/table.ts";
import { readConsumerFiles } from "../../src/export/consumer-files.ts";
import { openExported } from "../../src/export/session.ts";
import { kindOf } from "../../src/kinds/index.ts";
import { readAdapter } from "../../src/lora/adapter.ts";
import { readPeft } from "../../src/lora/peft.ts";
import { openModel } from "../../src/model/open.ts";
import { loadTask } from "../../src/task/load.ts";
import { lockChanges, readLock } from "../../src/task/lock.ts";
import { planRun } from "../../src/train/plan.ts";
import { trainRun } from "../../src/train/run.ts";
import { runPipeline } from "../../src/workflow/pipeline.ts";
import { Project } from "../../src/workflow/project.ts";
import type { Run } from "../../src/workflow/run.ts";
import { taskFolder, thrown } from "../task/fixture.ts";
import { bundledTokenizer } from "../tokens/bundled.ts";
import { smallClassifier } from "./small-classifier.ts";

const HAND_OVER = "hand_over: { below: 0.8, error_cost: 4 }";

const baseOf = (folder: string) => openModel(join(folder, "base"), { cacheDir: join(folder, "cache") });

describe("rows", () => {
  const folder = smallClassifier({}, { keys: "class_weights: balanced" });
  const task = loadTask(folder);
  const format = kindOf(task).rows;
  const parse = (files: Record<string, string>) =>
    parseRows(
      format,
      Object.keys(files).map((name) => join(taskFolder(files), name)),
    );

  test("named columns of a CSV file, and lorafit's own shape, which curation writes", () => {
    const csv = parse({ "a.csv": 'topic,from,body\nfit,Ann," Too tight, sadly "\n' });
    const own = parse({ "a.jsonl": '{"text": "Too tight", "label": "fit", "from": "Ann"}\n' });
    expect([csv.mistakes, own.mistakes]).toEqual([[], []]);
    expect(csv.rows[0]!.content).toEqual({ text: " Too tight, sadly ", label: "fit" });
    expect(own.rows[0]!).toMatchObject({
      content: { text: "Too tight", label: "fit" },
      raw: { from: "Ann" },
    });
  });

  test.each([
    ['{"body": "x", "topic": "refnd"}', "label: refnd is no label of the task, did you mean refund?"],
    ['{"body": " ", "topic": "fit"}', "text: is empty"],
    ['{"body": "x"}', "has no topic; data.columns names the columns"],
    ['{"prompt": "x", "completion": "y"}', "has no body and no topic; data.columns names the columns"],
    ['{"body": "x", "topic": 3}', "label: Invalid input: expected string, received number"],
  ])("%s is a mistake", (line, message) => {
    const { mistakes } = parse({ "a.jsonl": `${line}\n` });
    expect(mistakes.map((mistake) => mistake.message.replace("; did", ", did"))).toEqual([message]);
  });

  test("the last token is the only target; a long row loses its end", async () => {
    const tokenizer = await bundledTokenizer();
    const { rows } = parse({ "a.jsonl": '{"text": "Please send the money back", "label": "refund"}\n' });
    const ids = tokenizer.encode("Please send the money back");
    const [whole, cut] = [64, 3].map(
      (maxLength) => encodeRows(format, rows, tokenizer, { maxLength }).rows[0]!,
    );
    expect(whole).toMatchObject({ ids, truncated: 0, supervised: 1, answer: "refund" });
    expect(whole!.targets).toEqual([...ids.slice(1).map(() => -100), 1]);
    expect(cut).toMatchObject({ ids: ids.slice(0, 3), targets: [-100, -100, 1], truncated: ids.length - 3 });
  });

  test("balanced weights: rows / (classes * rows of the class), and labels without rows are named", () => {
    const warnings: string[] = [];
    const { rows } = parse({
      "a.jsonl": ["fit", "fit", "fit", "refund"]
        .map((label, i) => `${JSON.stringify({ text: `t ${i}`, label })}\n`)
        .join(""),
    });
    const weightOf = format.weigher!(rows, (text) => warnings.push(text));
    expect(rows.map(weightOf)).toEqual([4 / 9, 4 / 9, 4 / 9, 4 / 3]);
    expect(warnings).toEqual(["label delay: no row is trained on"]);
  });

  test("the same rows are other data under other labels", () => {
    const rows = readRows(format, task.paths.train);
    expect(rows).toHaveLength(96);
    const { mistakes } = parseRows(kindOf({ ...task, labels: ["fit", "delay"] }).rows, task.paths.train);
    expect(mistakes).toHaveLength(32);
  });
});

test.each([
  [{ keys: "hand_over: { below: 1.2, error_cost: 3 }" }, "hand_over.below"],
  [{ keys: "hand_over: { below: 0.8 }" }, "hand_over.error_cost"],
  [{ keys: "class_weights: { fitt: 2 }" }, "fitt: is no label of this task"],
  [
    { success: "  - { name: p, cases: domain, kind: superiority, effect: 0.1, against: prompted }\n" },
    "prompted does not answer the cases of kind classify",
  ],
])("a task that does not fit its kind: %j", (changes, message) => {
  expect(thrown(() => loadTask(smallClassifier({}, changes))).message).toContain(message);
});

test("a chat task has no labels, and a classifier needs them", () => {
  const edit = (change: (text: string) => string) => {
    const folder = smallClassifier();
    return taskFolder({ "task.yaml": change(readFileSync(join(folder, "task.yaml"), "utf8")) });
  };
  const chat = thrown(() => loadTask(edit((text) => text.replace("kind: classify", "kind: chat"))));
  expect(chat.message).toContain("belongs to kind classify, this is chat");
  const none = thrown(() => loadTask(edit((text) => text.replace(/^labels.*$/m, ""))));
  expect(none.message).toContain("kind classify needs the list of its classes");
});

test("an engine without the operations of a head is refused by name", async () => {
  const task = loadTask(smallClassifier());
  const engine = { ...referenceEngine, lacks: ["crossEntropy"] as const };
  await expect(planRun(task, baseOf(task.folder), { engine })).rejects.toThrow(
    "reference cannot train this kind of task: it has no crossEntropy",
  );
});

describe("a run", () => {
  let run: Run;
  beforeAll(async () => {
    const pipeline = runPipeline(
      new Project(loadTask(smallClassifier({ max_steps: 100 }, { keys: HAND_OVER }))),
      {
        engine: "reference",
      },
    );
    let next = await pipeline.next();
    while (!next.done) next = await pipeline.next();
    run = next.value;
  });

  test("learns the telling words; the base is an untrained head, and contestants answer in labels", () => {
    const [pack] = run.verdict.labels!;
    expect(pack).toMatchObject({ pack: "domain", n: 36 });
    expect(pack!.base.accuracy).toBeLessThan(0.6);
    expect(pack!.tuned.accuracy).toBeGreaterThan(0.9);
    expect(pack!.tuned.calibration!.ece).toBeLessThan(0.3);
    expect(Object.keys(pack!.contestants)).toEqual(["lookup", "tfidf"]);
    expect(pack!.contestants.tfidf!.accuracy).toBeGreaterThan(0.9);
    for (const { tuned, label, kind } of run.answers) {
      expect(kind).toBe("label");
      expect(tuned.score).toBe(tuned.output === label ? 1 : 0);
      expect(tuned.confidence).toBeGreaterThan(1 / 3 - 1e-6);
    }
  });

  test("the gate decides on accuracy by the kinds of criterion that it has", () => {
    const outcomes = run.verdict.criteria.map(({ name, outcome }) => [name, outcome]);
    expect(outcomes).toContainEqual(["sorting", "pass"]);
    expect(outcomes).toContainEqual(["floor", "pass"]);
    // The words alone tell nearly every label, so nothing can be much better than they are.
    expect(outcomes).not.toContainEqual(["words", "pass"]);
    expect(run.verdict.verdict).not.toBe("pass");
  });

  test("a base that guesses has nothing to lose: non-inferiority to it is no pass", () => {
    const { outcome, notes } = run.verdict.criteria.find(({ name }) => name === "no worse")!;
    expect([outcome, notes.join()]).toEqual([
      "inconclusive",
      expect.stringContaining("above chance (33.3 %)"),
    ]);
  });

  test("a label or a score that was changed afterwards is found", async () => {
    const { task, answers } = run;
    const cases = readCases(task);
    const change = (tuned: object) =>
      answers.map((row, i) => (i === 0 ? { ...row, tuned: { ...row.tuned, ...tuned } } : row));
    expect(await wrongScores(task, cases, answers)).toEqual([]);
    expect(await wrongScores(task, cases, change({ score: 1 - answers[0]!.tuned.score }))).toEqual([
      "c0: tuned",
    ]);
    expect(await wrongScores(task, cases, change({ output: "other" }))).toEqual(["c0: tuned"]);
  });

  test("the report has the labels, their confusions and the calibration", () => {
    const page = readFileSync(join(run.path, "report.html"), "utf8");
    for (const text of ["Macro F1", "Recall", "How sure the tuned model is"]) expect(page).toContain(text);
    for (const text of ["Reliability: ", "Error over coverage", "Cost by threshold"])
      expect(page).toContain(text);
  });

  test("hand-over at the task's threshold is that of the recorded answers, and is locked", () => {
    const kept = run.answers.filter(({ tuned }) => tuned.confidence! >= 0.8);
    const wrong = kept.filter(({ tuned }) => tuned.score === 0).length;
    const { chosen } = run.verdict.labels![0]!.tuned.abstention!;
    expect(chosen.coverage).toBe(kept.length / 36);
    expect(chosen.cost).toBe((4 * wrong + (36 - kept.length)) / 36);
    expect(verdictTable(run.verdict, false)).toContain("domain: handing over below 0.8 keeps");
    const lock = readLock(run.task);
    expect(lock.hand_over).toEqual({ below: 0.8, error_cost: 4, hand_over_cost: 1 });
    expect(lockChanges(lock, { ...lock, hand_over: undefined })).toEqual([
      'hand_over: locked {"below":0.8,"error_cost":4,"hand_over_cost":1}, now null',
    ]);
  });

  test("PEFT's folder has the head under its name, and the labels; the ONNX folder names them too", () => {
    const adapter = join(run.path, "adapter");
    const { config, tensors } = readPeft(adapter);
    expect(config.head).toEqual({ labels: ["fit", "refund", "delay"] });
    expect(tensors.get("base_model.model.score.weight")!.shape).toEqual([3, 16]);
    const json = JSON.parse(readFileSync(join(adapter, "adapter_config.json"), "utf8"));
    expect(json).toMatchObject({ task_type: "SEQ_CLS", modules_to_save: ["classifier", "score"] });
    expect(readAdapter(adapter, run.project.base).layout.head!.labels).toEqual(config.head!.labels);
    const exported = readConsumerFiles(join(run.path, "export/onnx/tuned")).config;
    expect(exported).toMatchObject({
      architectures: ["LlamaForSequenceClassification"],
      id2label: { 0: "fit", 1: "refund", 2: "delay" },
    });
  });

  test("a classifier writes no text", async () => {
    await expect(openExported(join(run.path, "export/onnx/tuned"))).rejects.toThrow("is a classifier");
  });
});

test("interrupted and resumed, a run leaves the same bytes, the head included", async () => {
  const folder = smallClassifier({}, { keys: "class_weights: { refund: 3 }" });
  const train = async (stopAt?: number, resume?: string): Promise<string> => {
    const controller = new AbortController();
    const options = { task: loadTask(folder), base: baseOf(folder), engine: referenceEngine };
    const events = trainRun({
      ...{ ...options, engineVersion: "1", version: "0", signal: controller.signal },
      ...(resume !== undefined && { resume }),
    });
    let run = "";
    try {
      for await (const event of events) {
        if (event.event === "run-start") run = event.run;
        if (event.event === "step-end" && event.step === stopAt) controller.abort();
      }
    } catch (error) {
      if (!controller.signal.aborted) throw error;
    }
    return run;
  };
  const [whole, stopped] = [await train(), await train(7)];
  await train(undefined, stopped);
  const bytes = (run: string) => readFileSync(join(run, "adapter/adapter_model.safetensors"));
  expect(bytes(stopped).equals(bytes(whole))).toBe(true);
});
