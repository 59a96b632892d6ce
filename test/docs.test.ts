import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const root = fileURLToPath(new URL("..", import.meta.url));
const read = (path: string): string => readFileSync(join(root, path), "utf8");

const pages = [
  "README.md",
  ...["docs", "docs/design", "docs/decisions"].flatMap((folder) =>
    readdirSync(join(root, folder))
      .filter((name) => name.endsWith(".md"))
      .map((name) => `${folder}/${name}`),
  ),
];

test("docs/cli.md is what the commands say (node docs/make-cli.mjs writes it)", () => {
  const made = execFileSync(process.execPath, ["docs/make-cli.mjs", "--print"], {
    cwd: root,
    encoding: "utf8",
  });
  expect(read("docs/cli.md")).toBe(made);
});

test.each(pages)("the links of %s lead somewhere", (page) => {
  const links = [...read(page).matchAll(/\]\(([^)#\s]+)[^)]*\)/g)].map((match) => match[1]!);
  const broken = links.filter(
    (link) => !/^https?:/.test(link) && !existsSync(join(root, dirname(page), decodeURIComponent(link))),
  );
  expect(broken).toEqual([]);
});

test("the pages name only commands and flags that there are", () => {
  const reference = read("docs/cli.md");
  const verbs = [...reference.matchAll(/^## (.+)$/gm)].map((match) => match[1]!);
  const flags = new Set([...reference.matchAll(/--[a-z][a-z-]*/g)].map((match) => match[0]));
  const wrong = pages
    .filter((page) => !/^docs\/(design\b|cli\.md)/.test(page))
    .flatMap((page) =>
      [...read(page).matchAll(/(?:^ {4}|`)lorafit ([a-z][^`\n#]*)/gm)]
        .map((match) => match[1]!.trim())
        .filter((words) => {
          const known = verbs.some((verb) => words === verb || words.startsWith(`${verb} `));
          return !known || [...words.matchAll(/--[a-z][a-z-]*/g)].some((match) => !flags.has(match[0]));
        })
        .map((words) => `${page}: lorafit ${words}`),
    );
  expect(wrong).toEqual([]);
});

test("decisions are dated, and every dependency is in them", () => {
  const decisions = readdirSync(join(root, "docs/decisions"));
  for (const name of decisions) expect(name).toMatch(/^\d{4}-\d{2}-\d{2}-[a-z0-9-]+\.md$/);
  const page = read(`docs/decisions/${decisions.find((name) => name.endsWith("-dependencies.md"))}`);
  const { dependencies, devDependencies, overrides } = JSON.parse(read("package.json"));
  const names = Object.keys({ ...dependencies, ...devDependencies, ...overrides });
  expect(names.filter((name) => !page.includes(`\`${name}\``))).toEqual([]);
});
