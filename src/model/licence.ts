import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { openGgufFile } from "../formats/gguf.ts";
import { readCatalog } from "./catalog.ts";

/** Licence of a base from the catalog, the front matter of its model card, or its GGUF metadata. */
export function licenceOf(base: { readonly name: string; readonly path: string }): string | undefined {
  const known = readCatalog().find(({ name }) => name === base.name);
  if (known !== undefined) return known.licence;
  if (base.path.endsWith(".gguf")) {
    const value = openGgufFile(base.path).metadata.get("general.license");
    return typeof value === "string" && value.trim() !== "" ? value.trim() : undefined;
  }
  const card = join(base.path, "README.md");
  if (!existsSync(card)) return undefined;
  const [, front] = /^---\r?\n([\s\S]*?)\r?\n---/.exec(readFileSync(card, "utf8")) ?? [];
  return /^license:[ \t]*["']?([^\s"'#][^"'#\r\n]*)/m.exec(front ?? "")?.[1]?.trim();
}
