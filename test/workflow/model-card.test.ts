import { describe, expect, test } from "vitest";
import { Project } from "../../src/workflow/project.ts";
import { bullets, code, md, table } from "../../src/workflow/release/markdown.ts";
import { modelCard } from "../../src/workflow/release/model-card.ts";
import { openRun, Run } from "../../src/workflow/run.ts";
import { signed } from "./judged-task.ts";

const HOSTILE =
  "# T\n\n- <script>alert(1)</script> <img src=x onerror=alert(1)> ![p](http://evil.example/p.png) [l](javascript:alert(1)) `c` ```\n| a | b |\n--- \u202e\u0000 <http://evil.example> &lt;";

/** The text without code, in which nothing is markup. */
const withoutCode = (text: string): string =>
  text.replace(/^```[^`]*$[\s\S]*?^```$/gm, "").replace(/(?<![`\\])(`+)(?!`)[\s\S]*?(?<!`)\1(?!`)/g, "");

/** The markup with which each line begins. */
const shape = (text: string): string[] =>
  text.split("\n").map((line) => /^(#+ |\||- |> |```[^`]*$|---$|$)?/.exec(line)![0]);

test("foreign text adds no markup to a model card: no HTML, link, image, heading, row or line", async () => {
  const { run: path } = await signed();
  const run = openRun(path);
  const { verdict, task, record } = run;
  const release = {
    format_version: 1,
    task: task.name,
    run: record.id,
    released: "2026-11-30T00:00:00.000Z",
    lorafit: "0.1.0",
    verdict: "fail",
    override: { reason: "a pilot", refusals: ["the verdict is fail"] },
    base: { name: "base", sha256: verdict.base_sha256, licence: "mit" },
    artifact_sha256: verdict.artifact_sha256,
    verdict_sha256: verdict.lock_sha256,
    lock_sha256: verdict.lock_sha256,
    sign_offs: [
      {
        role: "qa",
        signOff: {
          role: "qa",
          name: "Ada",
          note: "seen",
          at: "2026-11-30T00:00:00.000Z",
          verdict: "fail",
          verdict_sha256: "",
          artifact_sha256: "",
          chain: "",
        },
      },
    ],
  } as const;
  const card = (suffix: string): string => {
    const spoilt = <T extends string>(text: T): T => `${text}${suffix}` as T;
    const hostile = new Run(
      new Project({
        ...task,
        name: spoilt(task.name),
        purpose: spoilt(task.purpose),
        in_scope: task.in_scope.map(spoilt),
        out_of_scope: ["x"].map(spoilt),
      }),
      path,
    );
    hostile.record.data.files.push({ file: spoilt("x"), sha256: "" });
    hostile.record.settings["train.note"] = { value: spoilt("x"), origin: spoilt("--set") };
    const [signOff] = release.sign_offs;
    return modelCard(
      hostile,
      {
        ...verdict,
        verdict: "fail",
        reasons: ["x"].map(spoilt),
        criteria: verdict.criteria.map((c) => ({
          ...c,
          name: spoilt(c.name),
          notes: ["x"].map(spoilt),
          outcome: "fail",
        })),
        preconditions: verdict.preconditions.map((c) => ({ ...c, name: spoilt(c.name) })),
        right: verdict.right.map((c) => ({ ...c, of: spoilt(c.of) })),
        flips: { fixed: ["x"].map(spoilt), broken: ["x"].map(spoilt) },
        amendments: [{ at: "2026-11-30", reason: spoilt("x"), changes: ["x"].map(spoilt), looks: 1 }],
      },
      {
        ...release,
        override: { reason: spoilt("x"), refusals: ["x"].map(spoilt) },
        base: { ...release.base, name: spoilt("base"), licence: spoilt("mit") },
        sign_offs: [
          { role: "qa", signOff: { ...signOff.signOff, name: spoilt("Ada"), note: spoilt("seen") } },
        ],
      },
    );
  };
  const hostile = card(HOSTILE);
  expect(hostile).toContain("evil.example");
  expect(shape(hostile)).toEqual(shape(card("")));
  const [, ...body] = hostile.split(/^---$/m).slice(1);
  const text = withoutCode(body.join("---"));
  expect(text.match(/.{0,20}(?<!\\)[<[\]].{0,20}/g) ?? []).toEqual([]);
  expect(text).not.toMatch(/[\u202e\0]/);
}, 240_000);

describe("Markdown of foreign text", () => {
  test.each([
    ["- a", "\\- a"],
    ["1. a", "1\\. a"],
    ["> a", "\\> a"],
    ["---", "\\---"],
    ["<b> & `c`", "&lt;b> &amp; \\`c\\`"],
    ["+19.0 to -3.5", "+19.0 to -3.5"],
  ])("%s is shown as it is", (text, source) => {
    expect(md`${text}`.source).toBe(source);
    expect(bullets([text]).source).toBe(`- ${source}`);
  });

  test("code has a fence that the text does not contain, and a cell ends at no bar of its text", () => {
    expect(code("a").source).toBe("`a`");
    expect(code("a `` b").source).toBe("``` a `` b ```");
    expect(
      table(["x"], [["a | b"], [code("a | b")]])
        .source.split("\n")
        .slice(2),
    ).toEqual(["| a \\| b |", "| `a \\| b` |"]);
  });
});
