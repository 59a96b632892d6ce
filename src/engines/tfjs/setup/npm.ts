import { existsSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { PACKAGE, PACKAGE_VERSION, packageFolder, setupPackage } from "../packages.ts";
import { command } from "./command.ts";
import { partialFolder } from "./folder.ts";

/** node_api.h, which Node's own distribution keeps elsewhere on each system. */
const HEADERS = { name: "node-api-headers", version: "1.9.0" };

export const headersFolder = (): string => join(packageFolder(), "node_modules", HEADERS.name, "include");

export const isInstalled = (): boolean => existsSync(join(setupPackage(), "package.json"));

/** The JavaScript package without its native part, in a tree of its own: whole, or not at all. */
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

/** Two thirds of the tree's size, read by debuggers only. */
function dropSourceMaps(folder: string): void {
  for (const name of readdirSync(folder, { recursive: true }) as string[]) {
    if (name.endsWith(".map")) rmSync(join(folder, name));
  }
}
