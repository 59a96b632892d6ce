import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Item } from "../../src/page/review-queue.ts";
import { findChromium } from "../chromium.ts";
import { jsonLines, lorafit, type Process } from "../cli/lorafit.ts";

const folder = join(mkdtempSync(join(tmpdir(), "lorafit-page-")), "pool");
let server: Process;
let url: URL;
let token: string;

beforeAll(async () => {
  cpSync(fileURLToPath(new URL("../data/curate/pool", import.meta.url)), folder, { recursive: true });
  expect((await lorafit(["curate", folder]).finished).code).toBe(0);
  ({ server, url } = await start());
  token = url.searchParams.get("token")!;
}, 60_000);
afterAll(async () => {
  server.kill("SIGTERM");
  const { code, stdout } = await server.finished;
  rmSync(join(folder, ".."), { recursive: true });
  expect(code).toBe(0);
  expect(jsonLines({ stdout } as never)).toHaveLength(1);
});

async function start(): Promise<{ server: Process; url: URL }> {
  const started = lorafit(["page", folder, "--json", "--no-open"]);
  let found: string | undefined;
  // The pattern that is waited for also takes the address out of the output.
  const pattern = {
    test: (text: string) => {
      found = /http:\/\/127\.0\.0\.1:\d+\/\?token=[\w-]+/.exec(text)?.[0];
      return found !== undefined;
    },
  };
  await started.shows(pattern as RegExp);
  return { server: started, url: new URL(found!) };
}

/** Status of a request sent byte by byte, as no HTTP client would send it. */
function raw(line: string, headers: Readonly<Record<string, string>>, body = ""): Promise<number> {
  return new Promise((resolve, reject) => {
    const socket = connect(Number(url.port), "127.0.0.1");
    let text = "";
    socket.setEncoding("utf8").on("data", (chunk: string) => {
      text += chunk;
      const status = /^HTTP\/1\.1 (\d{3})/.exec(text);
      if (status === null) return;
      socket.destroy();
      resolve(Number(status[1]));
    });
    socket.on("error", reject);
    const all = { Host: url.host, ...headers };
    const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
    socket.write(`${line} HTTP/1.1\r\n${lines.join("")}\r\n${body}`);
  });
}

const key = (): Record<string, string> => ({ "X-Lorafit-Token": token });
const own = (): string => `http://${url.host}`;

async function post(path: string, body: object, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(new URL(path, url), {
    method: "POST",
    headers: { origin: own(), "content-type": "application/json", ...key(), ...headers },
    body: JSON.stringify(body),
  });
}

const items = async (): Promise<Item[]> =>
  ((await (await fetch(new URL("/api/review", url), { headers: key() })).json()) as { items: Item[] }).items;
const queue = (): string => readFileSync(join(folder, "review.jsonl"), "utf8");

test("a foreign host, a foreign origin, a missing and a wrong token are refused on every path", async () => {
  const { port } = url;
  for (const path of ["/", "/page.css", "/client/main.js", "/api/review", "/api/changes", "/nothing"]) {
    for (const host of [
      `evil.example:${port}`,
      "127.0.0.1",
      `[::1]:${port}`,
      `127.0.0.1:1${port}`,
      `0.0.0.0:${port}`,
    ])
      expect(await raw(`GET ${path}`, { ...key(), Host: host }), host).toBe(403);
    for (const origin of ["http://evil.example", "null", `https://${url.host}`, "http://127.0.0.1:1"])
      expect(await raw(`GET ${path}`, { ...key(), Origin: origin }), origin).toBe(403);
    expect(await raw(`GET ${path}`, {})).toBe(401);
    expect(await raw(`GET ${path}`, { "X-Lorafit-Token": `${token}x` })).toBe(403);
    expect(await raw(`GET ${path}`, { Cookie: `lorafit-${port}=wrong` })).toBe(403);
  }
  expect(await raw("GET /api/review", { ...key(), Host: `localhost:${port}` })).toBe(200);
});

test("a token in the address opens the document only, and becomes a cookie that scripts cannot read", async () => {
  expect(await raw(`GET /api/review?token=${token}`, {})).toBe(401);
  const response = await fetch(url);
  expect(response.status).toBe(200);
  expect(response.headers.get("set-cookie")).toBe(
    `lorafit-${url.port}=${token}; HttpOnly; SameSite=Strict; Path=/`,
  );
  expect(response.headers.get("content-security-policy")).toContain("default-src 'self'");
  expect(response.headers.get("x-content-type-options")).toBe("nosniff");
  expect(response.headers.get("referrer-policy")).toBe("no-referrer");
  expect(await raw("GET /api/review", { Cookie: `a=b; lorafit-${url.port}=${token}` })).toBe(200);
});

test("paths outside the page are not found, in whatever way they are written", async () => {
  for (const path of [
    "/../task.yaml",
    "/client/../../../package.json",
    "/client/..%2f..%2fpackage.json",
    "/%2e%2e/task.yaml",
    "/client/main.js/../../server.js",
    "//etc/passwd",
    "/etc/passwd",
    "/..\\task.yaml",
    "/task.yaml",
    "/constructor",
  ])
    expect(await raw(`GET ${path}`, key()), path).toBe(404);
  expect(await raw(`GET http://evil.example/`, key())).toBe(400);
});

test("a POST needs its origin, JSON and at most 1 MiB; other methods are refused", async () => {
  const json = { ...key(), "Content-Type": "application/json", "Content-Length": "2" };
  expect(await raw("POST /api/review/undo", json, "{}")).toBe(403);
  expect((await post("/api/review/undo", {}, { "content-type": "text/plain" })).status).toBe(415);
  expect((await post("/api/review/decide", { ids: ["x".repeat(1 << 20)] })).status).toBe(413);
  expect((await post("/api/review/decide", { ids: [], decision: "accept", by: "Ada" })).status).toBe(400);
  expect(await raw("DELETE /api/review", key())).toBe(405);
});

test("a port in use is one line and exit code 6", async () => {
  const { code, stderr } = await lorafit(["page", folder, "--port", url.port, "--no-open"]).finished;
  expect(code).toBe(6);
  expect(stderr).toContain(`port ${url.port} of 127.0.0.1 is in use`);
});

test("decisions are written into review.jsonl, taken back, and carried out by the next curation", async () => {
  const before = queue();
  const [first, second] = (await items()).filter(({ decision }) => decision === null);
  const decided = await post("/api/review/decide", {
    ids: [first!.id, second!.id],
    decision: "drop",
    by: "Ada",
  });
  expect(await decided.json()).toEqual({ decided: 2 });
  expect(queue().match(/"decision":"drop"/g)).toHaveLength(2);
  // The line that was decided on is another one now.
  const again = await post("/api/review/decide", { ids: [first!.id], decision: "keep", by: "Ada" });
  expect(again.status).toBe(409);
  await post("/api/review/undo", {});
  expect(queue()).toBe(before);
  expect((await post("/api/review/undo", {})).status).toBe(409);

  const row = (await items()).find(({ content }) => Array.isArray(content["messages"]))!;
  const messages = [
    { role: "user", content: "Where is my order?" },
    { role: "assistant", content: "I will look." },
  ];
  const edit = { ids: [row.id], decision: "edit", by: "Ada", content: { messages } };
  expect((await post("/api/review/decide", edit)).status).toBe(200);
  expect((await post("/api/curate", {})).status).toBe(200);
  const clean = readFileSync(join(folder, "train.clean.jsonl"), "utf8");
  expect(clean).toContain("Where is my order?");
  await post("/api/review/undo", {});
});

const browser = findChromium();
test.skipIf(browser === undefined)(
  "a person reviews ten findings by keyboard; texts are never markup; changes on the disk are shown [needs chromium]",
  async () => {
    const markup = '<img src="http://evil.example/x" onerror="document.title=1">';
    const hostile = {
      content_sha256: "0".repeat(64),
      kind: "language",
      file: "x",
      line: 1,
      evidence: markup,
      text: markup,
    };
    writeFileSync(
      join(folder, "review.jsonl"),
      `${queue()}${JSON.stringify({ ...hostile, decision: null })}\n`,
    );
    const started = await chromium.launch({ executablePath: browser!, args: ["--no-sandbox"] });
    try {
      const page = await started.newPage();
      const foreign: string[] = [];
      page.on("request", (request) => {
        if (new URL(request.url()).host !== url.host) foreign.push(request.url());
      });
      const errors: string[] = [];
      page.on("pageerror", (error) => errors.push(error.message));
      await page.goto(url.href);
      await page.getByLabel("Your name").fill("Ada Lovelace");
      await page.locator("#item-0").focus();
      expect(page.url()).toBe(`${own()}/`);
      const open = (await items()).filter(({ decision }) => decision === null).length;
      expect(open).toBeGreaterThan(10);
      for (let done = 1; done <= 10; done++) {
        await page.keyboard.press(done % 2 === 0 ? "a" : "r");
        await expect.poll(() => queue().match(/"by":"Ada Lovelace"/g)?.length).toBe(done);
        await page.locator("#undo:enabled").waitFor();
      }
      await page.keyboard.press("u");
      await expect.poll(() => queue().match(/"by":"Ada Lovelace"/g)?.length).toBe(9);
      await page.getByRole("button", { name: /^language/ }).click();
      await page.locator(".items button").last().click();
      await page.getByRole("heading", { name: markup }).waitFor();
      expect(await page.locator("img").count()).toBe(0);

      const before = await page.locator(".items button").count();
      const seen = { ...hostile, evidence: "written by an editor", decision: null };
      writeFileSync(join(folder, "review.jsonl"), `${queue()}${JSON.stringify(seen)}\n`);
      await expect.poll(() => page.locator(".items button").count()).toBe(before + 1);
      expect(errors).toEqual([]);
      expect(foreign).toEqual([]);
    } finally {
      await started.close();
    }
  },
  40_000,
);
