import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { lorafitHome } from "../../home.ts";

/** What `lorafit setup tfjs` installs; also the optional peer dependency in package.json. */
export const PACKAGE = "@tensorflow/tfjs-node-gpu";
export const PACKAGE_VERSION = "4.22.0";
/** Differs only in the library that its install script fetches. */
const CPU_PACKAGE = "@tensorflow/tfjs-node";

/** Where `lorafit setup tfjs` puts everything. */
export const setupFolder = (): string => join(lorafitHome(), "tfjs");

/** The tree of npm packages in it. */
export const packageFolder = (): string => join(setupFolder(), "package");

export const setupPackage = (): string => join(packageFolder(), "node_modules", PACKAGE);

/** Folders of installed packages: first those that lorafit itself would import, then that of `lorafit setup tfjs`. */
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
