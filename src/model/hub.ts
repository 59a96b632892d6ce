import { existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import * as z from "zod";
import { LorafitError } from "../errors.ts";
import { sha256File } from "../formats/files.ts";
import type { HubSource } from "./catalog.ts";
import { download, fetchJson } from "./download.ts";
import type { PullOptions } from "./pull.ts";

const HUB = "https://huggingface.co";

/** Files of a repository that a base is made of; pickled weights and code are left where they are. */
const WANTED =
  /^(config|generation_config|tokenizer|tokenizer_config)\.json$|^chat_template\.jinja$|^model(-\d+-of-\d+)?\.safetensors$|^model\.safetensors\.index\.json$/;

const headersOf = ({ token }: PullOptions): Record<string, string> =>
  token === undefined ? {} : { authorization: `Bearer ${token}` };

const base = ({ endpoint }: PullOptions): string => (endpoint ?? HUB).replace(/\/+$/, "");

const repositorySchema = z.looseObject({ siblings: z.array(z.looseObject({ rfilename: z.string() })) });

/** Names of the files of a repository that lorafit reads (hub API, /api/models/{repo}/revision/{rev}). */
export async function filesOnHub(
  repository: string,
  revision: string,
  options: PullOptions,
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
        hint: "lorafit reads safetensors; of a GGUF repository, download the file and name it",
      },
    );
  }
  return wanted;
}

/** Fetches the source's files into `folder`; files that are there and whole are kept. */
export async function pullFromHub(
  { hub, revision, files }: HubSource,
  folder: string,
  options: PullOptions,
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
      onBytes: (done, total) => options.onEvent({ kind: "bytes", file: path, done, total }),
    });
  }
}
