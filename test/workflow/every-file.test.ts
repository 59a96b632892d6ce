import {
  copyFileSync,
  cpSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { basename, join, relative } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { LorafitError } from "../../src/errors.ts";
import { fileHashes } from "../../src/export/folder.ts";
import { releaseRun } from "../../src/workflow/release/release.ts";
import { openRun } from "../../src/workflow/run.ts";
import { emptyFolder, signedTask } from "./judged-task.ts";

let task: string;
let run: string;
/** Paths of all files in the task folder; "RUN/" stands for the folder of the run. */
let files: string[];
/** Hashes of a release of the unchanged run. */
let sound: Record<string, string>;

const pathOf = (name: string): string => join(task, name.replace("RUN", relative(task, run)));

/** Hashes of a release's files but release.json, which holds the time. */
async function releasedHashes(): Promise<Record<string, string>> {
  const out = join(emptyFolder(), "out");
  await releaseRun(openRun(run), { out });
  const { "release.json": _, ...hashes } = fileHashes(out);
  rmSync(out, { recursive: true });
  return hashes;
}

beforeAll(async () => {
  ({ task, run } = await signedTask());
  files = Object.keys(fileHashes(task)).map((name) => name.replace(relative(task, run), "RUN"));
  // The graph has two names in an export; a change by one name must not change the other.
  for (const path of files.map(pathOf).filter((path) => statSync(path).nlink > 1)) {
    copyFileSync(path, `${path}.copy`);
    renameSync(`${path}.copy`, path);
  }
  sound = await releasedHashes();
}, 240_000);

const KEPT = join(emptyFolder(), "kept");
/** @returns the refusal; undefined for a release with the same bytes */
async function refusalAfter(
  names: readonly string[],
  change: (path: string) => void,
): Promise<string | undefined> {
  for (const name of names) cpSync(pathOf(name), join(KEPT, name));
  try {
    for (const name of names) change(pathOf(name));
    expect(await releasedHashes(), names.join()).toEqual(sound);
    return undefined;
  } catch (error) {
    if (!LorafitError.is(error)) throw error;
    return error.message;
  } finally {
    for (const name of names) {
      rmSync(pathOf(name), { force: true });
      copyFileSync(join(KEPT, name), pathOf(name));
    }
  }
}

/** Flips a bit of the middle byte, or gives an empty file a byte. */
function flip(path: string): void {
  const bytes = readFileSync(path);
  if (bytes.length > 0) bytes[bytes.length >> 1]! ^= 1;
  writeFileSync(path, bytes.length > 0 ? bytes : "x");
}

function link(path: string): void {
  cpSync(path, join(KEPT, "linked", path));
  rmSync(path);
  symlinkSync(join(KEPT, "linked", path), path);
}

/** Files that are not read after the gate. */
const UNREAD =
  /^(RUN\/(checkpoints\/.*|policy\.md|report\.html)|review\.jsonl|cases\/general\.jsonl|base\/(tokenizer.*|generation_config\.json))$/;
/** Files whose presence alone is checked: curation made train.clean.jsonl and the drift reference from them. */
const PRESENT = /^data\//;

/** Text of a refusal that does not name the file. */
const NAMES: readonly [file: RegExp, says: RegExp][] = [
  [/^RUN\/export\/onnx\/tuned\//, /model\//],
  [/^RUN\/sign-offs\.jsonl$/, /sign-offs|has not signed/],
  [/^RUN\/verdict\.json$/, /verdict/],
  [/^RUN\/config\.json$/, /config\.json|there is no run here/],
  [/^base\//, /base/],
  [/^cases\//, /cases domain|cases\.domain/],
  [/^looks\.jsonl$/, /looks/],
  [/^policy\.md$/, /policy/],
  [/^task\.lock$/, /task\.lock|not what was locked/],
];
const says = (file: string): RegExp =>
  NAMES.find(([pattern]) => pattern.test(file))?.[1] ?? new RegExp(basename(file).replaceAll(".", "\\."));

/** Files whose hashes are compared with verdict.json together, so that one refusal names each of them. */
const JUDGED = /^(RUN\/(adapter|drift|export)\/.*|RUN\/(metrics|answers)\.jsonl|curation\.json)$/;

test("a changed byte and a removed file are refused by name; a link is refused or its target released", async () => {
  const read = files.filter((file) => !UNREAD.test(file));
  expect(read.length).toBeGreaterThan(30);
  const wrong: string[] = [];
  for (const file of read) {
    const flipped = await refusalAfter([file], flip);
    if (PRESENT.test(file) ? flipped !== undefined : !says(file).test(flipped ?? ""))
      wrong.push(`flip ${file}: ${flipped ?? "released"}`);
  }
  const judged = read.filter((file) => JUDGED.test(file));
  const groups = [
    // A refusal lists 20 lines.
    ...[0, 1, 2, 3].map((k) => judged.filter((_, i) => i % 4 === k)),
    ...read.filter((file) => !JUDGED.test(file)).map((file) => [file]),
  ];
  for (const group of groups) {
    const removed = await refusalAfter(group, rmSync);
    const linked = await refusalAfter(group, link);
    for (const file of group) {
      if (!says(file).test(removed ?? "")) wrong.push(`remove ${file}: ${removed ?? "released"}`);
      if (linked !== undefined && !says(file).test(linked)) wrong.push(`link ${file}: ${linked}`);
    }
  }
  expect(wrong).toEqual([]);
}, 240_000);

test("files that are not read after the gate change no byte of the release", async () => {
  const unread = files.filter((file) => UNREAD.test(file));
  expect(unread.length).toBeGreaterThan(8);
  expect(await refusalAfter(unread, flip)).toBeUndefined();
  expect(await refusalAfter(unread, rmSync)).toBeUndefined();
}, 60_000);

test("an unknown file is refused by name in a folder that ships, and is not shipped from any other folder", async () => {
  const folders = readdirSync(task, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => join(entry.parentPath, entry.name));
  const refused: string[] = [];
  for (const folder of [task, ...folders]) {
    const file = join(folder, "unknown.txt");
    writeFileSync(file, "");
    try {
      expect(await releasedHashes(), folder).toEqual(sound);
    } catch (error) {
      if (!LorafitError.is(error)) throw error;
      expect(error.message).toContain("unknown.txt: was added");
      refused.push(relative(run, folder));
    }
    rmSync(file);
  }
  expect(refused.sort()).toEqual([
    "adapter",
    "drift",
    "export/onnx/base",
    "export/onnx/base/onnx",
    "export/onnx/tuned",
    "export/onnx/tuned/onnx",
  ]);
}, 60_000);
