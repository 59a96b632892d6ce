import { closeSync, fsyncSync, openSync, renameSync, rmSync, statSync, writeSync } from "node:fs";
import { dirname } from "node:path";
import { LorafitError } from "../errors.ts";
import { makeFolder, sha256File, writing } from "../formats/files.ts";

const MAX_REDIRECTS = 5;
const NO_ROOM = "free some space, or set LORAFIT_HOME to a folder that can be written";

export interface Download {
  readonly url: string;
  /** Where the file goes; until it is whole it is called `{path}.part`. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  /** What the file must hash to; without it the server's own statement is used, where it makes one. */
  readonly sha256?: string | undefined;
  readonly signal: AbortSignal;
  readonly onBytes: (done: number, total: number | null) => void;
}

/**
 * Fetches a file over HTTP; a part that an earlier call left is continued by a Range request.
 * @throws environment error (not reachable, refused by the server, other bytes than promised, cannot be written)
 */
export async function download(what: Download): Promise<void> {
  const { url, path, signal, onBytes } = what;
  makeFolder(dirname(path));
  const part = `${path}.part`;
  const had = statSync(part, { throwIfNoEntry: false })?.size ?? 0;
  const range: Record<string, string> = had > 0 ? { range: `bytes=${had}-` } : {};
  const { response, stated } = await request(url, { ...what.headers, ...range }, signal);
  if (response.status === 416) {
    // Nothing is left of the range: the part is whole, or not a part of this file at all.
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
    throw new LorafitError("environment", `${url}: other bytes came than promised (sha256 differs)`, {
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
 * GET, with redirects followed by hand: the hub states the sha256 of a large file on the answer that sends us on to where
 * the file lies, and credentials stay with the host that they were meant for.
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

/** Writes the body behind what is there; what came before a broken connection stays for the next call. */
async function append(
  response: Response,
  part: string,
  { resumed, start, total, signal, onBytes, url }: Piece,
): Promise<number> {
  let size = start;
  const file = writing(part, () => openSync(part, resumed ? "a" : "w"), NO_ROOM);
  try {
    for await (const bytes of response.body ?? []) {
      writing(
        part,
        () => {
          for (let at = 0; at < bytes.length; ) at += writeSync(file, bytes, at);
        },
        NO_ROOM,
      );
      size += bytes.length;
      onBytes(size, total);
    }
    writing(part, () => fsyncSync(file), NO_ROOM);
    return size;
  } catch (cause) {
    signal.throwIfAborted();
    if (LorafitError.is(cause)) throw cause;
    throw failed(url, `broke off after ${size} bytes`, cause);
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
