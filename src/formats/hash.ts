import { createHash } from "node:crypto";

/** SHA-256 in hexadecimal digits. */
export function sha256(data: string | Uint8Array): string {
  return createHash("sha256").update(data).digest("hex");
}

/** A number in [0, 1) from 48 bits of SHA-256 over the parts: an order that does not move when others come or go. */
export function hashUnit(...parts: readonly (string | number)[]): number {
  return createHash("sha256").update(JSON.stringify(parts)).digest().readUIntBE(0, 6) / 2 ** 48;
}
