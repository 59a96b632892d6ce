import { existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import * as z from "zod";
import { LorafitError } from "../../errors.ts";
import { sha256File } from "../../formats/files.ts";
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
export async function filesOnHub(
  repository: string,
  revision: string,
  options: HubOptions,
): Promise<string[]> {
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

/** Fetches the source's files into `folder`; complete files are kept. */
export async function pullFromHub(
  { hub, revision, files }: HubSource,
  folder: string,
  options: HubOptions,
): Promise<void> {
  for (const { path, sha256 } of files) {
    const target = join(folder, path);
    if (existsSync(target)) {
      if (sha256 === undefined || sha256File(target) === sha256) continue;
      rmSync(target);
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
