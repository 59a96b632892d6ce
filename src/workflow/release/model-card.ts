import type { Verdict } from "../../evaluate/gate.ts";
import { readJson } from "../../formats/json.ts";
import { percent } from "../../formats/percent.ts";
import { kindOf } from "../../kinds/index.ts";
import type { CurationRecord } from "../../report/data.ts";
import { usedCuration } from "../curate-task.ts";
import { readRepair } from "../repair/repair.ts";
import type { Run } from "../run.ts";
import { absolutes, budget, evidence, limits } from "./card-evidence.ts";
import {
  bullets,
  code,
  codeBlock,
  type Markdown,
  md,
  paragraphs,
  quote,
  section,
  type Text,
  table,
} from "./markdown.ts";
import type { Release } from "./record.ts";
import { ROLES } from "./sign.ts";

/** The part of release.json that the model card shows. */
type Stated = Omit<Release, "files" | "seal">;

/** README.md of a release as a model card: purpose, evidence, limits and identity. */
export function modelCard(run: Run, verdict: Verdict, release: Stated): string {
  const { cases } = run.project;
  const body = paragraphs([
    md`# ${run.task.name}`,
    run.task.purpose,
    banner(release),
    absolutes(verdict),
    section("Scope", scope(run)),
    section("Verdict", evidence(verdict)),
    ...budget(run),
    section("Limits", bullets(limits(run, verdict, cases))),
    section("How to run it", howTo(run)),
    section("Training data", trainingData(run)),
    section("Hyperparameters", hyperparameters(run)),
    section("Base and licence", baseAndLicence(release)),
    section("Sign-offs", signOffs(release)),
    section("Identity", identity(run, verdict, release)),
  ]);
  return `${frontMatter(release)}\n\n${body.source}\n`;
}

function frontMatter({ base }: Stated): string {
  const fields = [
    `license: ${JSON.stringify(base.licence?.toLowerCase() ?? "unknown")}`,
    `base_model: ${JSON.stringify(base.name)}`,
    "base_model_relation: adapter",
    "library_name: peft",
    "pipeline_tag: text-generation",
    "tags: [lora, onnx, lorafit]",
  ];
  return ["---", ...fields, "---"].join("\n");
}

/** First paragraph of the model card after the purpose: passed and signed, or released by override with every refusal. */
export function banner({ verdict, override }: Pick<Release, "verdict" | "override">): Markdown {
  if (override === null)
    return md`**Passed.** On the locked cases every criterion is met by exactly the files in \`model/\`, and lead, content owner and QA analyst signed.`;
  return quote([
    md`**Released by override; the verdict is ${verdict}.** Reason given: ${override.reason}`,
    "Refused without it because:",
    ...override.refusals.map((reason) => md`- ${reason}`),
  ]);
}

const scope = ({ task }: Run): Markdown =>
  paragraphs([
    `It answers: ${task.in_scope.join("; ")}.`,
    task.out_of_scope.length === 0
      ? "No topic is named that it has to hand over."
      : `It has to hand over: ${task.out_of_scope.join("; ")}.`,
    md`Its rules are in \`policy.md\`; the task as it was judged is in \`task.yaml\` and \`task.lock\`.`,
  ]);

const howTo = ({ task }: Run): Markdown => (kindOf(task).head === undefined ? generating(task) : CLASSIFYING);

const CLASSIFYING = paragraphs([
  md`\`model/\` holds the judged classifier: base and adapter merged, with its trained head; float32 ONNX with its tokenizer.`,
  md`\`onnx/model.onnx\` maps input_ids, attention_mask and position_ids (from 0 at each text's first token) to logits; \`config.json\` names the label of each in id2label. A text is tokenised by itself, with the special tokens of the tokenizer and no others.`,
  md`\`adapter/\` holds the adapter with its head in PEFT's format (SEQ_CLS), for the base named below; \`AutoModelForSequenceClassification\` opens that base with as many labels as config.json has.`,
]);

const generating = (task: Run["task"]): Markdown =>
  paragraphs([
    md`\`model/\` holds the judged model: base and adapter merged, float32 ONNX with its tokenizer.`,
    codeBlock("sh", 'lorafit chat --model model\nlorafit generate --model model --prompt "…"'),
    md`With transformers.js (\`@huggingface/transformers\`), from this folder:`,
    codeBlock(
      "js",
      [
        'import { env, pipeline } from "@huggingface/transformers";',
        'env.localModelPath = ".";',
        "env.allowRemoteModels = false;",
        'const generate = await pipeline("text-generation", "model", { dtype: "fp32" });',
        'const messages = [{ role: "user", content: "…" }];',
        `const [answer] = await generate(messages, { max_new_tokens: ${task.decoding.max_new_tokens}, do_sample: ${task.decoding.temperature > 0} });`,
      ].join("\n"),
    ),
    md`\`adapter/\` holds the adapter alone in PEFT's format, for the base named below.`,
  ]);

function trainingData(run: Run): Markdown {
  const { data } = run.record;
  const rows = data.files.map(({ file, sha256 }) => [code(file), code(sha256)]);
  const share = shareOfReplay(run);
  return paragraphs([
    `${data.train_rows} rows were trained on; ${data.validation_rows} more chose the best step.` +
      (share === undefined ? "" : ` General text makes up ${percent(share)} of the tokens.`),
    table(["file", "SHA-256"], rows),
    curation(run),
  ]);
}

/** Share of replay of the task, or the larger share that a repair chose. */
function shareOfReplay({ path, task }: Run): number | undefined {
  const repair = readRepair(path);
  return repair === undefined ? task.data.replay?.share : repair.trials[repair.chosen]!.replay_share;
}

/** Table of findings by kind, action and decider. */
function curation(run: Run): Text {
  const file = usedCuration(run);
  if (file === undefined) return "There is no record of curation that belongs to these rows.";
  const { rows, clean_rows, findings } = readJson<CurationRecord>(file, { hint: "curate again" });
  const groups = new Map<string, { cells: string[]; count: number }>();
  for (const { kind, action, decided_by } of findings) {
    const by =
      decided_by == null
        ? "undecided"
        : decided_by === "safe" || decided_by === "all"
          ? `--accept ${decided_by}`
          : decided_by;
    const key = JSON.stringify([kind, action, by]);
    const group = groups.get(key) ?? { cells: [kind, action, by], count: 0 };
    groups.set(key, { ...group, count: group.count + 1 });
  }
  const lines = [...groups.values()]
    .sort((a, b) => b.count - a.count)
    .map(({ cells: [kind, action, by], count }) => [kind!, action!, by!, String(count)]);
  return paragraphs([
    md`Curation kept ${clean_rows} of ${rows} rows; \`curation.json\` lists each finding.`,
    ...(lines.length === 0 ? [] : [table(["finding", "action", "decided by", "rows"], lines)]),
  ]);
}

function hyperparameters({ record }: Run): Markdown {
  const rows = Object.entries(record.settings)
    .map(([key, { value, origin }]) => [
      key,
      typeof value === "string" ? value : JSON.stringify(value),
      origin,
    ])
    .filter(([, value]) => value !== undefined);
  const chosen = rows.filter(([, , origin]) => origin !== "default");
  const defaults = rows
    .filter(([, , origin]) => origin === "default")
    .map(([key, value]) => `${key} ${value}`);
  return paragraphs([
    table(["setting", "value", "origin"], chosen as string[][]),
    ...(defaults.length === 0 ? [] : [`By default: ${defaults.join(", ")}.`]),
    md`Trained by lorafit ${record.lorafit} with the engine ${code(record.engine)} on ${record.created.slice(0, 10)}.`,
  ]);
}

const baseAndLicence = ({ base }: Stated): Markdown =>
  base.licence === null
    ? md`${code(base.name)}. It states no licence: find out what it permits before you hand this on. \`model/\` contains its weights.`
    : md`${code(base.name)}, under ${base.licence}. \`model/\` contains its weights, so that licence holds for it too; what the training data permit is for their owner to say.`;

function signOffs({ sign_offs }: Stated): Markdown {
  const rows = sign_offs.map(({ role, signOff, void: why }) => [
    ROLES[role],
    signOff?.name ?? "not signed",
    signOff?.at.slice(0, 10) ?? "",
    [signOff?.note, why === undefined ? undefined : `void: ${why}`].filter(Boolean).join("; "),
  ]);
  const names = sign_offs.flatMap(({ signOff, void: why }) =>
    signOff === undefined || why !== undefined ? [] : [signOff.name],
  );
  const several = [...new Set(names.filter((name, i) => names.indexOf(name) < i))];
  return paragraphs([
    table(["role", "name", "date", "note"], rows),
    ...(several.length === 0 ? [] : [`One person signed in more than one role: ${several.join(", ")}.`]),
  ]);
}

function identity({ record }: Run, verdict: Verdict, release: Stated): Markdown {
  const rows = [
    ["artefact (`model/`)", verdict.artifact_sha256],
    ["verdict.json", release.verdict_sha256],
    ["task.lock", verdict.lock_sha256],
    ["base", verdict.base_sha256],
    ["training data", record.data.sha256],
    ["scorers", verdict.scorer],
    ["run", release.run],
    ["released", `${release.released.slice(0, 10)}, by lorafit ${release.lorafit}`],
  ];
  return paragraphs([
    table(
      ["what", "SHA-256 or name"],
      rows.map(([what, value]) => [what!, code(value!)]),
    ),
    md`\`release.json\` holds the hash of every file here; \`lorafit inspect\` on this folder checks them all.`,
  ]);
}
