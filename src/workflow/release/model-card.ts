import type { Verdict } from "../../evaluate/gate.ts";
import { readJson } from "../../formats/json.ts";
import { percent } from "../../formats/percent.ts";
import type { CurationRecord } from "../../report/data.ts";
import { usedCuration } from "../curate-task.ts";
import { readRepair } from "../repair/repair.ts";
import type { Run } from "../run.ts";
import { absolutes, budget, evidence, limits } from "./card-evidence.ts";
import { bullets, code, plain, section, table } from "./markdown.ts";
import type { Release } from "./record.ts";
import { ROLES } from "./sign.ts";

/** The part of release.json that the model card shows. */
type Stated = Omit<Release, "files" | "seal">;

/** README.md of a release as a model card: purpose, evidence, limits and identity. */
export function modelCard(run: Run, verdict: Verdict, release: Stated): string {
  const { cases } = run.project;
  return [
    frontMatter(release),
    `# ${run.task.name}`,
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
    "",
  ].join("\n\n");
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
export function banner({ verdict, override }: Pick<Release, "verdict" | "override">): string {
  if (override === null)
    return `**Passed.** On the locked cases every criterion is met by exactly the files in \`model/\`, and lead, content owner and QA analyst signed.`;
  return [
    `> **Released by override; the verdict is ${verdict}.** Reason given: ${plain(override.reason)}`,
    "> Refused without it because:",
    ...override.refusals.map((reason) => `> - ${plain(reason)}`),
  ].join("\n");
}

const scope = ({ task }: Run): string =>
  [
    `It answers: ${task.in_scope.join("; ")}.`,
    task.out_of_scope.length === 0
      ? "No topic is named that it has to hand over."
      : `It has to hand over: ${task.out_of_scope.join("; ")}.`,
    "Its rules are in `policy.md`; the task as it was trained and judged is in `task.yaml` and `task.lock`.",
  ].join("\n\n");

const howTo = ({ task }: Run): string =>
  [
    "`model/` holds the judged model: base and adapter merged, float32 ONNX with its tokenizer.",
    code("sh", 'lorafit chat --model model\nlorafit generate --model model --prompt "…"'),
    "With transformers.js (`@huggingface/transformers`), from this folder:",
    code(
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
    "`adapter/` holds the adapter alone in PEFT's format, for the base named below.",
  ].join("\n\n");

function trainingData(run: Run): string {
  const { data } = run.record;
  const rows = data.files.map(({ file, sha256 }) => [`\`${file}\``, `\`${sha256}\``]);
  const share = shareOfReplay(run);
  return [
    `${data.train_rows} rows were trained on; ${data.validation_rows} more chose the best step.` +
      (share === undefined ? "" : ` General text makes up ${percent(share)} of the tokens.`),
    table(["file", "SHA-256"], rows),
    curation(run),
  ].join("\n\n");
}

/** Share of replay of the task, or the one that a repair raised it to. */
function shareOfReplay({ path, task }: Run): number | undefined {
  const repair = readRepair(path);
  return repair === undefined ? task.data.replay?.share : repair.trials[repair.chosen]!.replay_share;
}

/** Table of findings by kind, action and decider. */
function curation(run: Run): string {
  const file = usedCuration(run);
  if (file === undefined) return "There is no record of curation that belongs to these rows.";
  const { rows, clean_rows, findings } = readJson<CurationRecord>(file, { hint: "curate again" });
  const groups = new Map<string, { cells: string[]; count: number }>();
  for (const { kind, action, decided_by } of findings) {
    const by =
      decided_by == null
        ? "nobody yet"
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
  return [
    `Curation kept ${clean_rows} of ${rows} rows; \`curation.json\` lists each finding.`,
    ...(lines.length === 0 ? [] : [table(["finding", "action", "decided by", "rows"], lines)]),
  ].join("\n\n");
}

function hyperparameters({ record }: Run): string {
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
  return [
    table(["setting", "value", "origin"], chosen as string[][]),
    ...(defaults.length === 0 ? [] : [`By default: ${defaults.join(", ")}.`]),
    `Trained by lorafit ${record.lorafit} with the engine \`${record.engine}\` on ${record.created.slice(0, 10)}.`,
  ].join("\n\n");
}

const baseAndLicence = ({ base }: Stated): string =>
  base.licence === null
    ? `\`${base.name}\`. It states no licence: find out what it permits before you hand this on. \`model/\` contains its weights.`
    : `\`${base.name}\`, under ${base.licence}. \`model/\` contains its weights, so that licence holds for it too; what the training data permit is for their owner to say.`;

function signOffs({ sign_offs }: Stated): string {
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
  return [
    table(["role", "name", "date", "note"], rows),
    ...(several.length === 0 ? [] : [`One person signed in more than one role: ${several.join(", ")}.`]),
  ].join("\n\n");
}

function identity({ record }: Run, verdict: Verdict, release: Stated): string {
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
  return [
    table(
      ["what", "SHA-256 or name"],
      rows.map(([what, value]) => [what!, `\`${value}\``]),
    ),
    "`release.json` holds the hash of every file here; `lorafit inspect` on this folder checks them all.",
  ].join("\n\n");
}
