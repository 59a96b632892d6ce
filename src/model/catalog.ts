import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import * as z from "zod";
import { LorafitError } from "../errors.ts";
import { openGgufFile } from "../formats/gguf.ts";
import { didYouMean } from "../suggest.ts";

const sha256 = z.string().regex(/^[0-9a-f]{64}$/);
/** A relative path that cannot leave its folder. */
const within = z.string().regex(/^(?!.*\.\.)[\w][\w./-]*$/);

/** Size of what is fetched, about where the files are not pinned. */
const bytes = z.int().positive();
const hubSource = z.strictObject({
  hub: z.string().regex(/^[\w.-]+\/[\w.-]+$/),
  revision: z.string(),
  bytes,
  /** Absent: those of the repository that lorafit reads. */
  files: z
    .array(z.strictObject({ path: within, sha256: sha256.optional() }))
    .min(1)
    .optional(),
});
const pip = z.string().regex(/^[a-z0-9-]+$/);
const version = z.string().regex(/^[0-9.]+$/);
/** True if the package is by neither the model's authors nor this project. */
const thirdParty = z.literal(true).optional();
const pipSource = z.strictObject({
  ...{ pip, version, bytes, thirdParty },
  files: z.array(z.strictObject({ path: within, sha256 })).min(1),
});
/** One file in several packages: `file` of each, in order, gives `path`. */
const partsSource = z.strictObject({
  ...{ path: within, sha256, bytes, thirdParty },
  parts: z.array(z.strictObject({ pip, version, file: within, sha256 })).min(2),
});
const bundledSource = z.strictObject({ bundled: within });

const entrySchema = z.strictObject({
  name: z.string().regex(/^[a-z0-9][a-z0-9.-]*$/),
  kind: z.enum(["chat", "text", "embedder"]),
  about: z.string(),
  licence: z.string(),
  parameters: z.int().positive(),
  /** Licence terms to accept, where they are not a standard licence. */
  terms: z.url().optional(),
  sources: z.array(z.union([bundledSource, hubSource, pipSource, partsSource])).min(1),
});

export type HubSource = z.output<typeof hubSource>;
export type PipSource = z.output<typeof pipSource>;
export type PartsSource = z.output<typeof partsSource>;
export type CatalogEntry = z.output<typeof entrySchema>;

/** Name of the sentence encoder that is the embedder of tasks where it has been pulled. */
export const ENCODER = "all-minilm-l6-v2";

const bundledFolder = fileURLToPath(new URL("../../models", import.meta.url));

/** The models that lorafit knows by name: models/catalog.json. */
export function readCatalog(): readonly CatalogEntry[] {
  const text = readFileSync(join(bundledFolder, "catalog.json"), "utf8");
  return z.strictObject({ models: z.array(entrySchema) }).parse(JSON.parse(text)).models;
}

/**
 * About the memory to train a base of so many parameters on the CPU, bytes: the base in float32, and 1.2 bytes a parameter and
 * 0.5 GB for a step with recomputation. Fitted to 1.1 GiB measured for SmolLM2-135M (bench/RESULTS.md) and 3.5 GiB planned for
 * Qwen2.5-Coder-0.5B with an untied head.
 */
export const trainingBytes = (parameters: number): number => 5.2 * parameters + 0.5e9;

/** Parses hf:org/name[@revision]; null for a name without "hf:". @throws usage error for a malformed name */
export function parseHubName(
  name: string,
): { readonly repository: string; readonly revision: string } | null {
  if (!name.startsWith("hf:")) return null;
  const [, repository, revision = "main"] =
    /^hf:([\w-][\w.-]*\/[\w-][\w.-]*)(?:@([\w-][\w.-]*))?$/.exec(name) ?? [];
  if (repository !== undefined) return { repository, revision };
  throw new LorafitError("usage", `${name}: is not a name on the hub`, {
    hint: "write hf:organisation/name or hf:organisation/name@revision",
  });
}

/** Path of a pulled model under `home`; it may not exist yet. */
export function pulledFolder(name: string, home: string): string {
  const hub = parseHubName(name);
  return hub === null
    ? join(home, "models", name)
    : join(home, "models", "hub", `${hub.repository}@${hub.revision}`);
}

/** Path of a catalog model; null if it must be pulled first. */
export function locate({ name, sources }: CatalogEntry, home: string): string | null {
  const bundled = sources.find((source) => "bundled" in source);
  const path = bundled === undefined ? pulledFolder(name, home) : join(bundledFolder, bundled.bundled);
  return existsSync(path) ? path : null;
}

/**
 * Resolves the name of a base: a path (relative to `folder`), a name of the catalog, or hf:org/name[@rev].
 * @throws data error for an unknown name, or a model that has not been pulled
 */
export function resolveModel(
  name: string,
  options: { readonly home: string; readonly folder?: string },
): string {
  const path = resolve(options.folder ?? ".", name);
  if (existsSync(path)) return path;
  const entries = readCatalog();
  const entry = entries.find((known) => known.name === name);
  if (entry?.kind === "embedder") {
    throw new LorafitError("data", `${name}: compares texts and cannot be trained or generate`, {
      hint: "name a base that `lorafit models` lists as chat or text",
    });
  }
  const found =
    entry !== undefined
      ? locate(entry, options.home)
      : parseHubName(name) && pulledFolder(name, options.home);
  if (found !== null && existsSync(found)) return found;
  if (entry !== undefined || name.startsWith("hf:")) {
    throw new LorafitError("data", `${name}: has not been pulled`, {
      hint: `fetch it with \`lorafit pull ${name}\``,
    });
  }
  const near = didYouMean(
    name,
    entries.map((known) => known.name),
  );
  throw new LorafitError("data", `${name}: there is no such base${near}`, {
    hint: "name a folder, a GGUF file, hf:organisation/name, or a model that `lorafit models` lists",
  });
}

/** Licence of a base from the catalog, the front matter of its model card, or its GGUF metadata. */
export function licenceOf(base: { readonly name: string; readonly path: string }): string | undefined {
  const known = readCatalog().find(({ name }) => name === base.name);
  if (known !== undefined) return known.licence;
  if (base.path.endsWith(".gguf")) {
    const value = openGgufFile(base.path).metadata.get("general.license");
    return typeof value === "string" && value.trim() !== "" ? value.trim() : undefined;
  }
  const card = join(base.path, "README.md");
  if (!existsSync(card)) return undefined;
  const [, front] = /^---\r?\n([\s\S]*?)\r?\n---/.exec(readFileSync(card, "utf8")) ?? [];
  return /^license:[ \t]*["']?([^\s"'#][^"'#\r\n]*)/m.exec(front ?? "")?.[1]?.trim();
}
