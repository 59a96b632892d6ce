import { homedir } from "node:os";
import { join } from "node:path";

/** LORAFIT_HOME: pulled models, files made from them, and what `lorafit setup` installs. */
export function lorafitHome(): string {
  return process.env["LORAFIT_HOME"] || join(homedir(), ".cache", "lorafit");
}
