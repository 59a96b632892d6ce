import { readFileSync, writeFileSync } from "node:fs";

/** Replaces the text between the marks `begin` and `end` of a page. */
export function writeBetween(file, [begin, end], made) {
  const page = readFileSync(file, "utf8");
  const [before, after] = [page.slice(0, page.indexOf(begin) + begin.length), page.slice(page.indexOf(end))];
  writeFileSync(file, `${before}\n\n${made}\n\n${after}`);
}
