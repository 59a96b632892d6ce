import { homedir } from "node:os";
import { join, resolve } from "node:path";

/** LORAFIT_HOME: pulled models, files made from them, and what `lorafit setup` installs; an absolute path. */
export function lorafitHome(): string {
  return resolve(process.env["LORAFIT_HOME"] || join(homedir(), ".cache", "lorafit"));
}
