import { constants, copyFileSync, existsSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, join } from "node:path";
import * as z from "zod";
import { LorafitError } from "../../errors.ts";
import { makeFolder, sha256File } from "../../formats/files.ts";
import { readJson } from "../../formats/json.ts";
import type { HubSource } from "../catalog.ts";
import { download, fetchJson } from "./download.ts";

const HUB = "https://huggingface.co";

export interface HubOptions {
  /** The hub's address; absent: https://huggingface.co. */
  readonly endpoint?: string | undefined;
  readonly token?: string | undefined;
  readonly signal: AbortSignal;
  /** Progress of one file; total is null where the server does not give it. */
  readonly onBytes: (file: string, done: number, total: number | null) => void;
}

/** Files of a repository that a base consists of; pickled weights and code are not fetched. */
const WANTED =
  /^(config|generation_config|tokenizer|tokenizer_config)\.json$|^chat_template\.jinja$|^model(-\d+-of-\d+)?\.safetensors$|^model\.safetensors\.index\.json$/;

const headersOf = ({ token }: HubOptions): Record<string, string> =>
  token === undefined ? {} : { authorization: `Bearer ${token}` };

const base = ({ endpoint }: HubOptions): string => (endpoint ?? HUB).replace(/\/+$/, "");

const repositorySchema = z.looseObject({ siblings: z.array(z.looseObject({ rfilename: z.string() })) });

/** Names of the files of a repository that lorafit reads (hub API, /api/models/{repo}/revision/{rev}). */
async function filesOnHub(repository: string, revision: string, options: HubOptions): Promise<string[]> {
  const url = `${base(options)}/api/models/${repository}/revision/${revision}`;
  const parsed = repositorySchema.safeParse(await fetchJson(url, headersOf(options), options.signal));
  if (!parsed.success) throw new LorafitError("environment", `${url}: the answer is not a list of files`);
  const names = parsed.data.siblings.map(({ rfilename }) => rfilename);
  const wanted = names.filter((name) => WANTED.test(name));
  if (!wanted.includes("config.json") || !wanted.some((name) => name.endsWith(".safetensors"))) {
    throw new LorafitError(
      "environment",
      `hf:${repository}@${revision}: has no config.json with safetensors weights`,
      {
        hint: "lorafit reads safetensors; download a GGUF file yourself and name its path",
      },
    );
  }
  return wanted;
}

/**
 * Fetches the source's files into `folder`; without a list, those of the repository that lorafit reads. Complete files are kept,
 * and files that another tool has fetched (HF_HOME) are copied.
 */
export async function pullFromHub(
  source: Pick<HubSource, "hub" | "revision" | "files">,
  folder: string,
  options: HubOptions,
): Promise<void> {
  const { hub, revision } = source;
  const cached = cachedSnapshot(hub, revision);
  const files =
    source.files ??
    (cached === null ? await filesOnHub(hub, revision, options) : readableFiles(cached)).map((path) => ({
      path,
    }));
  for (const { path, sha256 } of files as readonly { path: string; sha256?: string }[]) {
    const target = join(folder, path);
    if (existsSync(target)) {
      if (sha256 === undefined || sha256File(target) === sha256) continue;
      rmSync(target);
    }
    const other = cached === null ? null : join(cached, path);
    if (other !== null && existsSync(other) && (sha256 === undefined || sha256File(other) === sha256)) {
      makeFolder(dirname(target));
      copyFileSync(other, target, constants.COPYFILE_FICLONE);
      const { size } = statSync(target);
      options.onBytes(path, size, size);
      continue;
    }
    await download({
      url: `${base(options)}/${hub}/resolve/${revision}/${path}`,
      path: target,
      headers: headersOf(options),
      sha256,
      signal: options.signal,
      onBytes: (done, total) => options.onBytes(path, done, total),
    });
  }
}

/**
 * Folder in which huggingface_hub keeps a complete revision (HF_HUB_CACHE, or HF_HOME/hub): models--org--name/snapshots/COMMIT,
 * the commit of a branch from refs/BRANCH. Null if the model is not there, or its weights are not.
 */
function cachedSnapshot(hub: string, revision: string): string | null {
  const home = process.env["HF_HOME"] || join(homedir(), ".cache", "huggingface");
  const root = join(process.env["HF_HUB_CACHE"] || join(home, "hub"), `models--${hub.replace("/", "--")}`);
  const ref = join(root, "refs", revision);
  const commit = existsSync(ref) ? readFileSync(ref, "utf8").trim() : revision;
  const folder = join(root, "snapshots", commit);
  if (!existsSync(folder)) return null;
  return isComplete(readableFiles(folder), folder) ? folder : null;
}

/** Names in a folder of the files that a base consists of. */
const readableFiles = (folder: string): string[] => readdirSync(folder).filter((name) => WANTED.test(name));

function isComplete(files: readonly string[], folder: string): boolean {
  if (!files.includes("config.json") || !files.includes("tokenizer.json")) return false;
  if (!files.includes("model.safetensors.index.json")) return files.includes("model.safetensors");
  const index = readJson<{ weight_map?: Record<string, string> }>(
    join(folder, "model.safetensors.index.json"),
    {
      hint: "delete it, so that it is fetched again",
    },
  );
  return Object.values(index.weight_map ?? {}).every((name) => files.includes(name));
}
