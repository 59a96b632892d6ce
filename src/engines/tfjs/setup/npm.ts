import { existsSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { PACKAGE, PACKAGE_VERSION, packageFolder, setupPackage } from "../packages.ts";
import { command } from "./command.ts";
import { partialFolder } from "./folder.ts";

/** Folder of node_api.h: Node's distributions keep it in different places. */
const HEADERS = { name: "node-api-headers", version: "1.9.0" };

export const headersFolder = (): string => join(packageFolder(), "node_modules", HEADERS.name, "include");

export const isInstalled = (): boolean => existsSync(join(setupPackage(), "package.json"));

/** Installs the JavaScript package without its native part in a separate tree: completely or not at all. */
export async function installPackage(signal: AbortSignal): Promise<void> {
  const partial = partialFolder(packageFolder());
  try {
    const dependencies = { [PACKAGE]: PACKAGE_VERSION, [HEADERS.name]: HEADERS.version };
    writeFileSync(join(partial, "package.json"), JSON.stringify({ private: true, dependencies }));
    await command("npm", ["install", "--ignore-scripts", "--no-audit", "--no-fund"], {
      cwd: partial,
      signal,
    });
    dropSourceMaps(partial);
    rmSync(packageFolder(), { recursive: true, force: true });
    renameSync(partial, packageFolder());
  } finally {
    rmSync(partial, { recursive: true, force: true });
  }
}

/** Source maps: two thirds of the tree's size, read only by debuggers. */
function dropSourceMaps(folder: string): void {
  for (const name of readdirSync(folder, { recursive: true }) as string[]) {
    if (name.endsWith(".map")) rmSync(join(folder, name));
  }
}
