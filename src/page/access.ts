import { createHash, timingSafeEqual } from "node:crypto";
import type { IncomingMessage } from "node:http";

/** A request that is not served: HTTP status and one line why. */
export class PageError extends Error {
  readonly status: 400 | 401 | 403 | 404 | 405 | 409 | 413 | 415;

  constructor(status: PageError["status"], message: string) {
    super(message);
    this.status = status;
  }
}

export interface Door {
  readonly port: number;
  readonly token: string;
}

/** Cookies are shared by all ports of a host; the port in the name keeps two pages apart. */
export const cookieName = ({ port }: Door): string => `lorafit-${port}`;

/**
 * Checks host, origin, method and token of a request.
 * The host must be this server's own, or a name that an attacker points at 127.0.0.1 could read the page (DNS rebinding).
 * @returns the reason to refuse it; undefined if it may pass
 */
export function refusalOf(request: IncomingMessage, url: URL, door: Door): PageError | undefined {
  const { host, origin } = request.headers;
  if (!isOwn(host, door.port)) return new PageError(403, "this host is not served");
  if (request.headers["sec-fetch-site"] === "cross-site" && request.headers["sec-fetch-mode"] !== "navigate")
    return new PageError(403, "requests of other pages are not served");
  if (origin !== undefined && origin !== `http://${host}`)
    return new PageError(403, "requests of other origins are not served");
  if (request.method !== "GET" && request.method !== "POST")
    return new PageError(405, "only GET and POST are served");
  if (request.method === "POST" && origin === undefined)
    return new PageError(403, "a POST must name its origin");
  const given = tokenOf(request, url, door);
  if (given === undefined)
    return new PageError(401, "open the address that `lorafit page` printed: it carries the token");
  return sameText(given, door.token) ? undefined : new PageError(403, "the token is wrong");
}

const isOwn = (host: string | undefined, port: number): boolean =>
  host === `127.0.0.1:${port}` || host === `localhost:${port}`;

function tokenOf(request: IncomingMessage, url: URL, door: Door): string | undefined {
  const header = request.headers["x-lorafit-token"];
  if (typeof header === "string") return header;
  if (request.method === "GET" && url.pathname === "/" && url.searchParams.has("token"))
    return url.searchParams.get("token")!;
  const start = `${cookieName(door)}=`;
  const cookie = (request.headers.cookie ?? "").split(/;\s*/).find((part) => part.startsWith(start));
  return cookie?.slice(start.length);
}

/** Equality in a time that does not depend on the texts. */
function sameText(a: string, b: string): boolean {
  const digest = (text: string): Buffer => createHash("sha256").update(text).digest();
  return timingSafeEqual(digest(a), digest(b));
}
