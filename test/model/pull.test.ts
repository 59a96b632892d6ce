import { createHash } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, expect, test, vi } from "vitest";
import { LorafitError } from "../../src/errors.ts";
import { readCatalog, resolveModel } from "../../src/model/catalog.ts";
import { type PullEvent, type PullOptions, pullModel } from "../../src/model/pull/pull.ts";

const scratch = mkdtempSync(join(tmpdir(), "lorafit-pull-"));
const WEIGHTS = Buffer.alloc(300_000, "weights ");
const FILES: Record<string, Buffer> = {
  "config.json": Buffer.from("{}"),
  "tokenizer.json": Buffer.from('{"model":{}}'),
  "model.safetensors": WEIGHTS,
  "pytorch_model.bin": Buffer.from("pickle"),
  "modeling.py": Buffer.from("code"),
};

let server: Server;
let endpoint = "";
let requests: { path: string; range: string | undefined; authorization: string | undefined }[] = [];
/** Bytes of the weights after which the connection is cut, once. */
let cutAfter: number | null = null;
let statedSha = "";

/** A server with the parts of the hub that pull uses: list of files, redirects of large files, ranges, sha256 in x-linked-etag. */
function answer(request: IncomingMessage, response: ServerResponse): void {
  const path = decodeURIComponent(request.url!);
  // No reuse: on a loaded machine the server's idle timeout races with the next request.
  response.setHeader("connection", "close");
  requests.push({ path, range: request.headers.range, authorization: request.headers.authorization });
  if (path.startsWith("/api/models/org/model/revision/")) {
    response.end(JSON.stringify({ siblings: Object.keys(FILES).map((rfilename) => ({ rfilename })) }));
    return;
  }
  const name = path.split("/").at(-1)!;
  if (path.startsWith("/org/model/resolve/") && name === "model.safetensors") {
    response.writeHead(302, { location: `/blobs/${name}`, "x-linked-etag": `"${statedSha}"` }).end();
    return;
  }
  const body = path.startsWith("/org/model/resolve/") || path.startsWith("/blobs/") ? FILES[name] : undefined;
  if (body === undefined) {
    response.writeHead(path.startsWith("/org/gated") ? 403 : 404).end();
    return;
  }
  const from = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? "")?.[1] ?? 0);
  if (from >= body.length) {
    response.writeHead(416).end();
    return;
  }
  response.writeHead(from > 0 ? 206 : 200, { "content-length": body.length - from });
  if (cutAfter === null || name !== "model.safetensors") response.end(body.subarray(from));
  else {
    response.write(body.subarray(from, from + cutAfter), () => response.destroy());
    cutAfter = null;
  }
}

beforeAll(async () => {
  server = createServer(answer);
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => {
  server.close();
  rmSync(scratch, { recursive: true });
});

let home = "";
beforeEach(() => {
  home = mkdtempSync(join(scratch, "home-"));
  requests = [];
  cutAfter = null;
  statedSha = createHash("sha256").update(WEIGHTS).digest("hex");
});

const events: PullEvent[] = [];
const options = (changes: Partial<PullOptions> = {}): PullOptions => ({
  home,
  endpoint,
  signal: new AbortController().signal,
  onEvent: (event) => events.push(event),
  ...changes,
});
async function failure(work: Promise<unknown>): Promise<LorafitError> {
  const error: unknown = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(LorafitError.is(error)).toBe(true);
  return error as LorafitError;
}

test("a repository is fetched without code and pickles, and then found by its name", async () => {
  const { path, source } = await pullModel("hf:org/model@v1", options({ token: "secret" }));
  expect(source).toBe("hf:org/model@v1");
  expect(readFileSync(join(path, "model.safetensors"))).toEqual(WEIGHTS);
  expect(existsSync(join(path, "config.json"))).toBe(true);
  expect(existsSync(join(path, "pytorch_model.bin")) || existsSync(join(path, "modeling.py"))).toBe(false);
  expect(requests.every(({ authorization }) => authorization === "Bearer secret")).toBe(true);
  expect(
    requests.every(({ path: asked }) => !asked.includes("resolve") || asked.includes("/resolve/v1/")),
  ).toBe(true);
  expect(resolveModel("hf:org/model@v1", { home })).toBe(path);
  const before = requests.length;
  expect(await pullModel("hf:org/model@v1", options())).toEqual({ path, source: null });
  expect(requests.length).toBe(before);
});

test("files that another tool has fetched are copied from HF_HOME; an incomplete snapshot is not used", async () => {
  const hub = join(home, "hf", "hub", "models--org--model");
  const snapshot = join(hub, "snapshots", "c0ffee");
  mkdirSync(snapshot, { recursive: true });
  mkdirSync(join(hub, "refs"));
  writeFileSync(join(hub, "refs", "main"), "c0ffee");
  writeFileSync(join(snapshot, "config.json"), '{"cached":true}');
  writeFileSync(join(snapshot, "tokenizer.json"), "{}");
  vi.stubEnv("HF_HOME", join(home, "hf"));
  try {
    const first = await pullModel("hf:org/model", options());
    expect(readFileSync(join(first.path, "config.json"), "utf8")).toBe("{}");
    rmSync(first.path, { recursive: true });
    writeFileSync(join(snapshot, "model.safetensors"), "shared");
    requests = [];
    const { path } = await pullModel("hf:org/model", options());
    expect(requests).toEqual([]);
    expect(readFileSync(join(path, "config.json"), "utf8")).toBe('{"cached":true}');
    expect(readFileSync(join(path, "model.safetensors"), "utf8")).toBe("shared");
  } finally {
    vi.unstubAllEnvs();
  }
});

test("every entry of the catalog has a name of its own, a licence and the size of its download", () => {
  const names = readCatalog().map(({ name }) => name);
  expect(new Set(names).size).toBe(names.length);
  for (const { sources, licence } of readCatalog()) {
    expect(licence).not.toBe("");
    expect(sources.every((source) => "bundled" in source || source.bytes > 0)).toBe(true);
  }
  expect(names).toEqual(expect.arrayContaining(["qwen3-0.6b", "gemma-3-270m-it", "lfm2-350m"]));
});

test("a broken download leaves no model, and the next one continues it", async () => {
  cutAfter = 100_000;
  const error = await failure(pullModel("hf:org/model", options()));
  expect(error.kind).toBe("environment");
  expect(error.message).toMatch(/connection broke after \d+ bytes/);
  expect(() => resolveModel("hf:org/model", { home })).toThrow(/has not been pulled/);
  requests = [];
  const { path } = await pullModel("hf:org/model", options());
  expect(readFileSync(join(path, "model.safetensors"))).toEqual(WEIGHTS);
  const ranges = requests
    .filter(({ path: asked }) => asked.includes("model.safetensors"))
    .map(({ range }) => range);
  expect(ranges.every((range) => /^bytes=[1-9]\d*-$/.test(range ?? ""))).toBe(true);
});

test("a file with another hash than the hub states is deleted", async () => {
  statedSha = "0".repeat(64);
  const error = await failure(pullModel("hf:org/model", options()));
  expect(error.kind).toBe("environment");
  expect(error.message).toMatch(/another SHA-256 than expected/);
  expect(() => resolveModel("hf:org/model", { home })).toThrow(/has not been pulled/);
});

test.each([
  ["hf:org/absent", "environment", /answered 404/],
  ["hf:../../etc", "usage", /is not a name on the hub/],
  ["hf:org/model@../x", "usage", /is not a name on the hub/],
  ["smollm2-135m-instrukt", "usage", /not in the catalog.*smollm2-135m-instruct/],
] as const)("%s: %s error", async (name, kind, message) => {
  const error = await failure(pullModel(name, options()));
  expect(error.kind).toBe(kind);
  expect(`${error.message} ${error.hint}`).toMatch(message);
});

test("a hub that cannot be reached is an environment error with the reason", async () => {
  const error = await failure(pullModel("hf:org/model", options({ endpoint: "http://127.0.0.1:1" })));
  expect(error.kind).toBe("environment");
  expect(error.message).toMatch(/cannot be reached/);
});

test("a folder that cannot be written is an environment error", async () => {
  const plain = join(home, "plain");
  writeFileSync(plain, "");
  const error = await failure(pullModel("hf:org/model", options({ home: plain })));
  expect(error.kind).toBe("environment");
  expect(error.message).toContain(plain);
});

test("an aborted download leaves nothing that opens as a model", async () => {
  const stop = new AbortController();
  const work = pullModel(
    "hf:org/model",
    options({ signal: stop.signal, onEvent: (event) => event.kind === "bytes" && stop.abort() }),
  );
  await expect(work).rejects.toThrow();
  expect(() => resolveModel("hf:org/model", { home })).toThrow(/has not been pulled/);
});

test("a base is found by path or by the name of a bundled model; an unknown name is refused with advice", () => {
  expect(resolveModel("lorafit-base-5m", { home })).toMatch(/models\/lorafit-base-5m$/);
  mkdirSync(join(home, "mine"));
  expect(resolveModel("mine", { home, folder: home })).toBe(join(home, "mine"));
  expect(() => resolveModel("smollm2-135m-instruct", { home })).toThrow(/has not been pulled/);
  expect(() => resolveModel("nonsense", { home })).toThrow(/there is no such base/);
});
