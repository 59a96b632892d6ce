import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { lorafitHome } from "../../home.ts";

/** Package that `lorafit setup tfjs` installs; also the optional peer dependency in package.json. */
export const PACKAGE = "@tensorflow/tfjs-node-gpu";
export const PACKAGE_VERSION = "4.22.0";
/** Same package for CPUs: only the library that its install script fetches differs. */
const CPU_PACKAGE = "@tensorflow/tfjs-node";

/** Folder of everything that `lorafit setup tfjs` installs. */
export const setupFolder = (): string => join(lorafitHome(), "tfjs");

/** Its tree of npm packages. */
export const packageFolder = (): string => join(setupFolder(), "package");

export const setupPackage = (): string => join(packageFolder(), "node_modules", PACKAGE);

/** Folders of installed packages: first those that lorafit would import, then that of `lorafit setup tfjs`. */
export function candidates(): string[] {
  const require = createRequire(import.meta.url);
  const beside = [PACKAGE, CPU_PACKAGE].flatMap((name) => {
    try {
      return [dirname(require.resolve(`${name}/package.json`))];
    } catch {
      return [];
    }
  });
  return [...beside, setupPackage()].filter((folder) => existsSync(folder));
}
