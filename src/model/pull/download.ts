import { closeSync, fsyncSync, openSync, renameSync, rmSync, statSync, writeSync } from "node:fs";
import { dirname } from "node:path";
import { LorafitError } from "../../errors.ts";
import { makeFolder, sha256File, writing } from "../../formats/files.ts";

const MAX_REDIRECTS = 5;
const NO_SPACE = "free some space, or set LORAFIT_HOME to a folder that can be written";

export interface Download {
  readonly url: string;
  /** The complete file; an incomplete one is `{path}.part`. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Expected hash; absent: the hash that the server states, if any. */
  readonly sha256?: string | undefined;
  readonly signal: AbortSignal;
  readonly onBytes: (done: number, total: number | null) => void;
}

/**
 * Fetches a file over HTTP and continues the part of an earlier call by a Range request.
 * @throws environment error (not reachable, refused by the server, another hash than expected, cannot be written)
 */
export async function download(what: Download): Promise<void> {
  const { url, path, signal, onBytes } = what;
  makeFolder(dirname(path));
  const part = `${path}.part`;
  const had = statSync(part, { throwIfNoEntry: false })?.size ?? 0;
  const range: Record<string, string> = had > 0 ? { range: `bytes=${had}-` } : {};
  const { response, stated } = await request(url, { ...what.headers, ...range }, signal);
  if (response.status === 416) {
    // The range is empty: the part is complete, or it belongs to another file.
    await response.body?.cancel();
    rmSync(part, { force: true });
    return download(what);
  }
  if (!response.ok) throw refused(url, response.status);
  const resumed = response.status === 206 && had > 0;
  const length = Number(response.headers.get("content-length") ?? Number.NaN);
  const start = resumed ? had : 0;
  const total =
    Number.isFinite(length) && response.headers.get("content-encoding") === null ? start + length : null;
  const size = await append(response, part, { resumed, start, total, signal, onBytes, url });
  if (total !== null && size !== total) throw failed(url, `ended after ${size} of ${total} bytes`);
  const expected = what.sha256 ?? stated;
  if (expected !== undefined && sha256File(part) !== expected) {
    rmSync(part);
    throw new LorafitError("environment", `${url}: the file has another SHA-256 than expected`, {
      hint: "try again",
    });
  }
  renameSync(part, path);
}

/** GET as JSON. */
export async function fetchJson(
  url: string,
  headers: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<unknown> {
  const { response } = await request(url, headers, signal);
  if (!response.ok) throw refused(url, response.status);
  try {
    return await response.json();
  } catch (cause) {
    throw failed(url, "the answer is not JSON", cause);
  }
}

/**
 * GET that follows redirects by hand: the hub states the sha256 of a large file in the redirect, and credentials must
 * not reach another host.
 */
async function request(
  url: string,
  headers: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<{ response: Response; stated: string | undefined }> {
  let stated: string | undefined;
  let target = url;
  for (let hops = 0; hops <= MAX_REDIRECTS; hops++) {
    const { authorization, ...open } = headers;
    const own =
      new URL(target).origin === new URL(url).origin && authorization !== undefined
        ? { ...open, authorization }
        : open;
    const response = await send(target, { "accept-encoding": "identity", ...own }, signal);
    stated ??= statedSha256(response);
    const location = response.headers.get("location");
    if (response.status < 300 || response.status >= 400 || location === null) return { response, stated };
    await response.body?.cancel();
    target = new URL(location, target).href;
  }
  throw failed(url, `more than ${MAX_REDIRECTS} redirects`);
}

async function send(
  url: string,
  headers: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<Response> {
  try {
    return await fetch(url, { headers, signal, redirect: "manual" });
  } catch (cause) {
    signal.throwIfAborted();
    const reason = (cause as Error).cause;
    throw failed(
      url,
      `cannot be reached: ${reason instanceof Error ? reason.message : (cause as Error).message}`,
      cause,
    );
  }
}

interface Piece extends Pick<Download, "signal" | "onBytes" | "url"> {
  readonly resumed: boolean;
  readonly start: number;
  readonly total: number | null;
}

/** Appends the body to the part; bytes before a broken connection stay for the next call. */
async function append(
  response: Response,
  part: string,
  { resumed, start, total, signal, onBytes, url }: Piece,
): Promise<number> {
  let size = start;
  const file = writing(part, () => openSync(part, resumed ? "a" : "w"), NO_SPACE);
  try {
    for await (const bytes of response.body ?? []) {
      writing(
        part,
        () => {
          for (let at = 0; at < bytes.length; ) at += writeSync(file, bytes, at);
        },
        NO_SPACE,
      );
      size += bytes.length;
      onBytes(size, total);
    }
    writing(part, () => fsyncSync(file), NO_SPACE);
    return size;
  } catch (cause) {
    signal.throwIfAborted();
    if (LorafitError.is(cause)) throw cause;
    throw failed(url, `the connection broke after ${size} bytes`, cause);
  } finally {
    closeSync(file);
  }
}

function statedSha256({ headers }: Response): string | undefined {
  const tag = headers.get("x-linked-etag")?.replaceAll('"', "") ?? "";
  return /^[0-9a-f]{64}$/.test(tag) ? tag : undefined;
}

const failed = (url: string, what: string, cause?: unknown): LorafitError =>
  new LorafitError("environment", `${url}: ${what}`, cause === undefined ? {} : { cause });

function refused(url: string, status: number): LorafitError {
  const hint =
    status === 401 || status === 403
      ? "set HF_TOKEN to a token that may read it"
      : "check the name and the revision";
  return new LorafitError("environment", `${url}: the server answered ${status}`, { hint });
}
