import { randomBytes } from "node:crypto";
import { readFileSync, watch } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type * as z from "zod";
import { LorafitError } from "../errors.ts";
import type { Task } from "../task/load.ts";
import { cookieName, type Door, PageError, refusalOf } from "./access.ts";
import { decisionRequest, ReviewQueue } from "./review-queue.ts";
import { SHELL, STYLE } from "./shell.ts";

/** Largest body of a request, in bytes. */
const BODY_LIMIT = 1 << 20;

const HEADERS = {
  "content-security-policy":
    "default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  "x-content-type-options": "nosniff",
  "x-frame-options": "DENY",
  "referrer-policy": "no-referrer",
  "cross-origin-resource-policy": "same-origin",
  "cache-control": "no-store",
};

export interface PageOptions {
  readonly task: Task;
  /** 0 takes a free port. */
  readonly port: number;
  /** Runs curation again on the task as it is on the disk. */
  curate(): Promise<void>;
}

export interface Page {
  /** Address with the token. */
  readonly url: string;
  close(): Promise<void>;
}

type Handler = (request: IncomingMessage, response: ServerResponse) => unknown;

/**
 * Serves the page of a task on 127.0.0.1 until it is closed. Only the paths of a fixed table are served, none is looked up on the disk.
 * @throws environment error when the port is in use
 */
export async function servePage(options: PageOptions): Promise<Page> {
  const { task } = options;
  const door = { port: options.port, token: randomBytes(24).toString("base64url") };
  const queue = new ReviewQueue(task);
  const listeners = new Set<ServerResponse>();
  let curating: Promise<void> | undefined;

  const routes: Readonly<Record<string, Handler>> = {
    "GET /": (_, response) => {
      response.setHeader(
        "set-cookie",
        `${cookieName(door)}=${door.token}; HttpOnly; SameSite=Strict; Path=/`,
      );
      send(response, 200, "text/html; charset=utf-8", SHELL);
    },
    "GET /page.css": (_, response) => send(response, 200, "text/css; charset=utf-8", STYLE),
    ...Object.fromEntries(
      ["main.js", "dom.js", "row-editor.js"].map((name) => [`GET /client/${name}`, script(name)]),
    ),
    "GET /api/review": () => ({ task: task.name, ...queue.read() }),
    "POST /api/review/decide": async (request) =>
      queue.decide(parsed(decisionRequest, await bodyOf(request))),
    "POST /api/review/undo": async (request) => {
      await bodyOf(request);
      return queue.undo();
    },
    "POST /api/curate": async (request) => {
      await bodyOf(request);
      curating ??= options.curate().finally(() => {
        curating = undefined;
      });
      await curating;
      return {};
    },
    "GET /api/changes": (_, response) => {
      response.writeHead(200, { "content-type": "text/event-stream" });
      response.write("retry: 1000\n\n");
      listeners.add(response);
      response.on("close", () => listeners.delete(response));
    },
  };

  const server = createServer((request, response) => {
    for (const [name, value] of Object.entries(HEADERS)) response.setHeader(name, value);
    answer(request, response, door, routes).catch((error: unknown) => {
      const { status, message } = failureOf(error);
      if (response.headersSent) response.end();
      else send(response, status, "application/json", JSON.stringify({ error: message }));
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", (cause: NodeJS.ErrnoException) => reject(listenError(cause, options.port)));
    server.listen(options.port, "127.0.0.1", resolve);
  });
  door.port = (server.address() as AddressInfo).port;

  let pending: NodeJS.Timeout | undefined;
  // The folder is watched, because files are replaced by renaming.
  const watcher = watch(task.folder, (_, name) => {
    if (name !== "review.jsonl" && name !== "curation.json") return;
    clearTimeout(pending);
    pending = setTimeout(() => {
      for (const response of listeners) response.write("event: review\ndata: {}\n\n");
    }, 100);
  });
  return {
    url: `http://127.0.0.1:${door.port}/?token=${door.token}`,
    close: () =>
      new Promise((resolve) => {
        clearTimeout(pending);
        watcher.close();
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  door: Door,
  routes: Readonly<Record<string, Handler>>,
): Promise<void> {
  const target = request.url ?? "";
  // A base is only for parsing: the host is checked by the header.
  if (!target.startsWith("/") || !URL.canParse(target, "http://127.0.0.1"))
    throw new PageError(400, "the address cannot be read");
  const url = new URL(target, "http://127.0.0.1");
  const refused = refusalOf(request, url, door);
  if (refused !== undefined) throw refused;
  // The path as sent: an address that has to be normalised names no route.
  const name = `${request.method} ${target.split("?")[0]}`;
  const route = Object.hasOwn(routes, name) ? routes[name] : undefined;
  if (route === undefined) throw new PageError(404, "there is no such page");
  const value = await route(request, response);
  if (value !== undefined) send(response, 200, "application/json", JSON.stringify(value));
}

function script(name: string): Handler {
  return (_, response) =>
    send(
      response,
      200,
      "text/javascript; charset=utf-8",
      readFileSync(new URL(`client/${name}`, import.meta.url), "utf8").replace(
        /^\/\/# sourceMappingURL.*$/m,
        "",
      ),
    );
}

function send(response: ServerResponse, status: number, type: string, body: string): void {
  response.writeHead(status, { "content-type": type, "content-length": Buffer.byteLength(body) });
  response.end(body);
}

/** JSON body of a POST. */
async function bodyOf(request: IncomingMessage): Promise<unknown> {
  if (!/^application\/json\b/.test(request.headers["content-type"] ?? ""))
    throw new PageError(415, "expected application/json");
  const parts: Buffer[] = [];
  let length = 0;
  for await (const part of request as AsyncIterable<Buffer>) {
    length += part.length;
    if (length > BODY_LIMIT) throw new PageError(413, "the request is larger than 1 MiB");
    parts.push(part);
  }
  try {
    return JSON.parse(Buffer.concat(parts).toString("utf8"));
  } catch {
    throw new PageError(400, "the request is not JSON");
  }
}

function parsed<T>(schema: z.ZodType<T>, value: unknown): T {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  throw new PageError(400, `${issue?.path.join(".")}: ${issue?.message}`);
}

function failureOf(error: unknown): { readonly status: number; readonly message: string } {
  if (error instanceof PageError) return error;
  if (!LorafitError.is(error)) return { status: 500, message: String(error) };
  return {
    status: 422,
    message: error.hint === undefined ? error.message : `${error.message}; ${error.hint}`,
  };
}

function listenError(cause: NodeJS.ErrnoException, port: number): LorafitError {
  const why = cause.code === "EADDRINUSE" ? "is in use" : `cannot be used: ${cause.message}`;
  return new LorafitError("environment", `port ${port} of 127.0.0.1 ${why}`, {
    hint: "choose another --port; without it a free one is taken",
    cause,
  });
}
