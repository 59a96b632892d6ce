import { homedir } from "node:os";
import { join, resolve } from "node:path";

/** LORAFIT_HOME as an absolute path: pulled models, files made from them, and parts installed by `lorafit setup`. */
export function lorafitHome(): string {
  return resolve(process.env["LORAFIT_HOME"] || join(homedir(), ".cache", "lorafit"));
}
