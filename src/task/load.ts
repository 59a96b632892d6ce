import { readFileSync, statSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { LineCounter, parseDocument } from "yaml";
import { LorafitError, listMistakes } from "../errors.ts";
import { sha256 } from "../formats/hash.ts";
import { didYouMean } from "../suggest.ts";
import { criterionMistakes } from "./criterion-mistakes.ts";
import { lineOf, type Mistake, mistakeLines, mistakesOf } from "./mistakes.ts";
import { type TaskSpec, taskSchema } from "./schema.ts";
import { trainSettingsSchema } from "./settings.ts";

/** Origin of a resolved setting. */
export type Origin = "default" | "task.yaml" | "--set";

/** Files of a task as absolute paths; loadTask checks that all of them exist. */
export interface TaskPaths {
  policy: string;
  train: string[];
  review?: string;
  replay?: string;
  articles?: string;
  reference?: string;
  cases: Record<string, string>;
}

/** A checked task: task.yaml with defaults filled in, and its location. */
export interface Task extends TaskSpec {
  /** Absolute folder of task.yaml; the base's path is relative to it. */
  folder: string;
  /** Absolute path of task.yaml. */
  file: string;
  /** SHA-256 of the bytes of task.yaml that were parsed. */
  sha256: string;
  paths: TaskPaths;
  /** Origin of `base`, `seed` and each `train.*` setting. */
  origins: Record<string, Origin>;
}

/** Path of the task.yaml named by itself or by its folder. */
export function taskFile(pathOrFolder: string): string {
  const path = resolve(pathOrFolder);
  const stat = statSync(path, { throwIfNoEntry: false });
  const file = stat?.isDirectory() ? join(path, "task.yaml") : path;
  if (!statSync(file, { throwIfNoEntry: false })?.isFile()) {
    throw new LorafitError("usage", `${file}: there is no task here`, {
      hint: "name a folder that holds a task.yaml, or make one with `lorafit init DIR --kind chat`",
    });
  }
  return file;
}

/** Mistakes in cross references, which a schema cannot check. */
function crossMistakes(spec: TaskSpec): Omit<Mistake, "line">[] {
  const found: Omit<Mistake, "line">[] = [];
  const packs = Object.keys(spec.cases);
  const styles = spec.style.map((rule) => rule.name);
  const unique = (key: "success" | "style", names: readonly string[]) => {
    for (const [i, name] of names.entries()) {
      if (names.indexOf(name) < i)
        found.push({ path: [key, i, "name"], message: `${name} is already taken` });
    }
  };
  unique(
    "success",
    spec.success.map((criterion) => criterion.name),
  );
  unique("style", styles);
  for (const [i, criterion] of spec.success.entries()) {
    const at = (key: string, message: string) => found.push({ path: ["success", i, key], message });
    if (!packs.includes(criterion.cases)) {
      at("cases", `no pack of cases is called ${criterion.cases}${didYouMean(criterion.cases, packs)}`);
    }
    if (criterion.style !== undefined && !styles.includes(criterion.style)) {
      at("style", `no style rule is called ${criterion.style}${didYouMean(criterion.style, styles)}`);
    }
    for (const { key, message } of criterionMistakes(criterion)) at(key, message);
  }
  return found;
}

function pathsOf(spec: TaskSpec, folder: string): { paths: TaskPaths; mistakes: Omit<Mistake, "line">[] } {
  const mistakes: Omit<Mistake, "line">[] = [];
  const at = (name: string, path: readonly PropertyKey[]): string => {
    const file = resolve(folder, name);
    const stat = statSync(file, { throwIfNoEntry: false });
    if (!stat?.isFile()) {
      mistakes.push({ path, message: `${name} ${stat === undefined ? "does not exist" : "is not a file"}` });
    }
    return file;
  };
  const { data } = spec;
  const train = typeof data.train === "string" ? [at(data.train, ["data", "train"])] : undefined;
  const paths: TaskPaths = {
    policy: at(spec.policy, ["policy"]),
    train: train ?? (data.train as string[]).map((name, i) => at(name, ["data", "train", i])),
    ...(data.review !== undefined && { review: at(data.review, ["data", "review"]) }),
    ...(data.replay !== undefined && { replay: at(data.replay.file, ["data", "replay", "file"]) }),
    ...(data.grounding?.articles !== undefined && {
      articles: at(data.grounding.articles, ["data", "grounding", "articles"]),
    }),
    ...(spec.drift !== undefined && { reference: at(spec.drift.reference, ["drift", "reference"]) }),
    cases: Object.fromEntries(
      Object.entries(spec.cases).map(([pack, name]) => [pack, at(name, ["cases", pack])]),
    ),
  };
  return { paths, mistakes };
}

function originsOf(raw: Record<string, unknown>): Record<string, Origin> {
  const written = (raw["train"] ?? {}) as Record<string, unknown>;
  const origin = (present: boolean): Origin => (present ? "task.yaml" : "default");
  return {
    base: "task.yaml",
    seed: origin("seed" in raw),
    ...Object.fromEntries(
      Object.keys(trainSettingsSchema.shape).map((key) => [`train.${key}`, origin(key in written)]),
    ),
  };
}

/**
 * Reads and checks a task (a folder or a task.yaml).
 * @throws usage error that lists every mistake at once, each with line and key path
 */
export function loadTask(pathOrFolder = "."): Task {
  const file = taskFile(pathOrFolder);
  const folder = dirname(file);
  const shown = relative(process.cwd(), file) || file;
  const refuse = (lines: readonly string[]): never => {
    throw new LorafitError("usage", `the task cannot be used:\n${listMistakes(lines)}`, {
      hint: "correct these lines and run it again",
    });
  };

  const lines = new LineCounter();
  const bytes = readFileSync(file);
  const doc = parseDocument(bytes.toString("utf8"), { lineCounter: lines, prettyErrors: false });
  const broken = [...doc.errors, ...doc.warnings];
  if (broken.length > 0) {
    refuse(broken.map((error) => `${shown}:${lines.linePos(error.pos[0]).line}: ${error.message}`));
  }
  const line = (path: readonly PropertyKey[]) => lineOf(doc, lines, path);
  let raw: unknown;
  try {
    raw = doc.toJS();
  } catch (cause) {
    return refuse([`${shown}: ${(cause as Error).message}`]);
  }
  const parsed = taskSchema.safeParse(raw, { reportInput: true });
  if (!parsed.success) return refuse(mistakeLines(mistakesOf(parsed.error, line), shown));
  const { paths, mistakes } = pathsOf(parsed.data, folder);
  const found = [...crossMistakes(parsed.data), ...mistakes].map((mistake) => ({
    ...mistake,
    line: line(mistake.path),
  }));
  if (found.length > 0) refuse(mistakeLines(found, shown));
  const origins = originsOf(raw as Record<string, unknown>);
  return { ...parsed.data, folder, file, sha256: sha256(bytes), paths, origins };
}
