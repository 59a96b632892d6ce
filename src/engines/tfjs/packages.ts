import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { lorafitHome } from "../../home.ts";

/** The two differ only in which library their install scripts fetch: both run on the GPU when their library can. */
const PACKAGES = ["@tensorflow/tfjs-node-gpu", "@tensorflow/tfjs-node"] as const;

/** Where `lorafit setup tfjs` puts everything. */
export const setupFolder = (): string => join(lorafitHome(), "tfjs");

/** The package in the set-up folder, whether or not it is there. */
export const setupPackage = (): string => join(setupFolder(), "package", "node_modules", PACKAGES[0]);

/** Folders of installed packages: first those that lorafit itself would import, then that of `lorafit setup tfjs`. */
export function candidates(): string[] {
  const require = createRequire(import.meta.url);
  const beside = PACKAGES.flatMap((name) => {
    try {
      return [dirname(require.resolve(`${name}/package.json`))];
    } catch {
      return [];
    }
  });
  return [...beside, setupPackage()].filter((folder) => existsSync(folder));
}
