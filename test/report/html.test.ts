import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import { reportHtml } from "../../src/report/html.ts";
import { html } from "../../src/report/markup.ts";
import { data, good, judged } from "./fixture.ts";

const page = reportHtml(data);
const body = page.slice(page.indexOf("<body>"));

describe("report.html", () => {
  test("says the verdict of verdict.json, first and in the title", () => {
    expect(data.verdict.verdict).toBe("fail");
    expect(page).toContain("<title>shoes: fail</title>");
    expect(page.indexOf('class="verdict fail"')).toBeLessThan(page.indexOf(">Criteria</h2>"));
    const passing = judged(good);
    expect(reportHtml({ ...data, verdict: passing })).toContain(`class="verdict ${passing.verdict}"`);
  });

  test("the first screen says the absolute numbers in words, those of the contestants too", () => {
    const first = page.slice(page.indexOf("<main>"), page.indexOf("<nav"));
    expect(first).toContain(
      "<li><b>domain</b>: 32 of 36 questions answered right; the base 4, a lookup in the transcripts 36, the base prompted with the policy 0</li>",
    );
    expect(first).toMatch(
      /This adapter must not be deployed: it fails \d of \d+ requirements: .*critical.* It answers 32 of 36 domain questions right, the base 4, a lookup in the transcripts 36 and the base prompted with the policy 0\./,
    );
    const better = { ...data, verdict: { ...judged(good), right: [] } };
    expect(reportHtml(better)).toMatch(/<p class="lead">(All 4 criteria hold|The evidence|This adapter)/);
    expect(page).toMatch(/<td class="number" data-label="Lookup">100\.0 %<\/td>/);
  });

  test("hostile texts stay texts: no tag, no attribute, no script of theirs", () => {
    expect(body.split("<script>").length - 1).toBe(1);
    expect(body).not.toContain("<img");
    expect(
      body.split("&lt;/script&gt;&lt;script&gt;alert(&quot;x&quot;)&lt;/script&gt;").length,
    ).toBeGreaterThan(30);
    for (const character of ["\u0000", "\u202e"]) expect(body).not.toContain(character);
    expect(body).toContain("⟨U+202E⟩gnp.exe⟨U+0000⟩");
  });

  test("the only script that may run is the page's own, by its hash", () => {
    const script = /<script>([\s\S]*?)<\/script>/.exec(page)![1]!;
    expect(page).toContain(
      `script-src 'sha256-${createHash("sha256").update(script).digest("base64")}'; base-uri 'none'; form-action 'none'"`,
    );
    expect(page).toContain("default-src 'none'");
  });

  test("loads nothing", () => {
    const outside = page.replaceAll(/xmlns[:\w]*="[^"]*"/g, "");
    expect(outside).not.toMatch(/<[^>]*\b(src|href)=(?!"#)|url\(|@import/);
  });

  test("lists every flip with both texts, broken ones first", () => {
    const { broken, fixed } = data.verdict.flips;
    expect(broken.length).toBeGreaterThan(0);
    expect(page.split('data-way="broken"').length - 1).toBe(broken.length - 1);
    expect(page.split('data-way="fixed"').length - 1).toBe(fixed.length);
    expect(page.indexOf('data-way="broken"')).toBeLessThan(page.indexOf('data-way="fixed"'));
    for (const id of fixed) expect(page).toContain(`<code>${id}</code>`);
    expect(page).toContain("within <del>30</del> days.");
    expect(page).toContain("within <ins>60</ins> days.");
  });

  test("a pass names its checks, and a preference is never shown as the model's words", () => {
    expect(page).toContain(
      '<li class="pass" dir="auto"><span class="outcome">✓</span> says &quot;60 days&quot;</li>',
    );
    const choice = good.answers.find(({ id }) => id === "safe-boots")!;
    const { preferences } = choice.tuned;
    const [{ preferred, to }] = preferences! as [{ preferred: string; to: string[] }];
    const broken = reportHtml({
      ...data,
      verdict: { ...data.verdict, flips: { fixed: [], broken: [choice.id] } },
      answers: [choice],
    });
    expect(broken).toContain(`preferred <q>${preferred}</q> to <q>${to[0]}</q>`);
    expect(broken).not.toContain("<blockquote");
  });

  test("settings that differ from the default come before those that do not", () => {
    expect(page.indexOf("train.learning_rate")).toBeLessThan(page.indexOf("train.rank"));
  });

  test("findings are counted by kind, by what was decided and by whom, with open ones named", () => {
    const cells = (...numbers: number[]) => numbers.map((n) => `<td class="number">${n || ""}</td>`).join("");
    // found, dropped, masked, open: every fifth finding has no decision, whatever it proposes
    expect(page).toContain(`exact-duplicate</th>${cells(41, 32, 0, 9)}`);
    expect(page).toContain(`personal-data</th>${cells(30, 0, 24, 6)}`);
    expect(page).toContain("proposed: drop");
    expect(page).toContain("transcripts.jsonl:3<");
  });

  test("the first page says who has signed: signed, void with the reason, not signed", () => {
    const first = page.slice(0, page.indexOf("<nav"));
    expect(first).toContain("content owner: Ben, void: the artefact changed after it");
    expect(first).toContain("QA analyst: not signed");
  });

  test("changes of the lock are on the first page with their reason, and in the ledger", () => {
    expect(page.slice(0, page.indexOf("<nav"))).toMatch(
      /lock was changed<\/b> on 2026-11-25, after 1 look at the cases\. Recorded reason: the margin was/,
    );
    expect(page.slice(page.indexOf('id="looks"'))).toContain("<b>lock changed</b>");
  });

  test("a failed precondition is on the first page, and all of them are under the criteria", () => {
    const { preconditions } = data.verdict;
    expect(preconditions.length).toBeGreaterThan(2);
    for (const { name } of preconditions) expect(page).toContain(`<th scope="row">${name}</th>`);
    // Its questions all ask for the same.
    expect(page).toContain('<span aria-hidden="true">–</span> not applicable</span>');
    const failed = { name: "answers differ", outcome: "fail", evidence: "one answer to all" } as const;
    const refused = reportHtml({ ...data, verdict: { ...data.verdict, preconditions: [failed] } });
    expect(refused.slice(0, refused.indexOf("<nav"))).toContain("<b>answers differ</b>: one answer to all");
  });

  test("seeds: all on the first page, the one that disagrees in the sentence of why and marked in the table", () => {
    const first = page.slice(0, page.indexOf("<nav"));
    expect(first).toContain("<dt>seeds</dt><dd>7, 8</dd>");
    expect(first).toContain("seed 8: domain, difference -1.000, is not what is asked");
    expect(page).toContain('<td class="number fail">−100.0 <span class="outcome">✗</span></td>');
  });

  test("the first page lists what is left of a template, part by part", () => {
    expect(page.slice(0, page.indexOf("<nav"))).toContain("<b>policy.md: 8 of 8 rules");
    expect(reportHtml({ ...data, toReplace: [] })).not.toContain("lorafit init");
  });

  test("drift: what drifted with its numbers, what is new, and examples", () => {
    expect(page).toContain("600 queries of boots.jsonl, 2026-12-01 to 2026-12-23, against 800");
    expect(page).toMatch(/words<small>enrichment[\s\S]*4 words[\s\S]*0\.001<[\s\S]*✗ drifted/);
    expect(page).toContain("2 → 80");
    expect(page).toContain("R2 60.0 % then, 80.0 % now");
  });

  test("repair: every trial against the base, and which one the adapter is", () => {
    expect(page).toMatch(/smaller scale<\/th>[\s\S]*?−1\.400<[\s\S]*?\+0\.030<[\s\S]*?this one/);
    expect(page.split("✓ this one")).toHaveLength(2);
  });

  test("names every hash", () => {
    for (const hash of ["a".repeat(64), data.verdict.lock_sha256, data.verdict.artifact_sha256])
      expect(page).toContain(hash);
  });

  test("what is absent is left out", () => {
    const bare = reportHtml({ verdict: data.verdict, answers: [], purpose: "x" });
    for (const title of [
      "Training data",
      "Drift",
      "Repair",
      "Hyperparameters",
      ">Training<",
      "Style and consistency",
    ])
      expect(bare).not.toContain(title);
  });

  test("headings do not skip a level, tables have captions, charts have names", () => {
    const levels = [...body.matchAll(/<h([1-6])/g)].map((match) => Number(match[1]));
    for (const [i, level] of levels.entries()) expect(level - (levels[i - 1] ?? 0)).toBeLessThanOrEqual(1);
    expect(body.split("<caption>").length).toBe(body.split("<table").length);
    for (const [, attributes] of body.matchAll(/<svg([^>]*)>/g)) {
      expect(attributes).toMatch(/role="img"/);
      expect(attributes).toMatch(/aria-label="[^"]{20,}"/);
    }
  });

  test("ids are unique", () => {
    const ids = [...page.matchAll(/\sid="([^"]*)"/g)].map((match) => match[1]);
    expect(new Set(ids).size).toBe(ids.length);
  });

  test("tags are balanced", () => {
    const open: string[] = [];
    const voids = new Set(["meta", "input"]);
    const source = page.replace(/<(style|script)>[\s\S]*?<\/\1>/g, "").replace(/<[^>]*\/>/g, "");
    for (const [, close, name] of source.matchAll(/<(\/?)([a-z]\w*)[^>]*>/g)) {
      if (voids.has(name!)) continue;
      if (close === "") open.push(name!);
      else expect(open.pop()).toBe(name);
    }
    expect(open).toEqual([]);
  });
});

test("markup is escaped once", () => {
  expect(html`<b title="${'"<'}">${html`<i>${"&"}</i>`}${["<", 1, undefined, false]}</b>`.source).toBe(
    '<b title="&quot;&lt;"><i>&amp;</i>&lt;1</b>',
  );
});
