import { describe, expect, test } from "vitest";
import type { AnswerRow } from "../../src/evaluate/answer-row.ts";
import { gate, type Verdict } from "../../src/evaluate/gate.ts";
import { type ReportData, reportHtml } from "../../src/report/html.ts";
import { html } from "../../src/report/markup.ts";
import { intervalPlot, lossCurve, reachOf } from "../../src/report/plots.ts";
import { type Scenario, scenario } from "../evaluate/scenario.ts";

const judged = (from: Scenario, answers = from.answers): Verdict =>
  gate({
    ...from,
    answers,
    look: { look: 1, alpha: 0.025, again: false },
    artifactSha256: from.answers[0]!.artifact_sha256,
  });

const good = await scenario(60);
const HOSTILE = `<script>alert("x")</script>&'`;

/** Some answers go wrong, one of them hostile. */
const mixed: AnswerRow[] = good.answers.map((row, i) =>
  row.kind === "chat" && i % 9 === 4
    ? {
        ...row,
        prompt: HOSTILE,
        base: { output: "we take them back within 60 days.", score: 1, tokens: 7, finish: "stop" },
        tuned: { output: HOSTILE, score: 0, tokens: 7, failed: [`says ${HOSTILE}`], finish: "stop" },
      }
    : row,
);

const data: ReportData = {
  verdict: judged(good, mixed),
  answers: mixed,
  purpose: `Answer questions on returns. ${HOSTILE}`,
  run: "2026-11-24-1",
  rules: [{ id: "R1", critical: true, text: "Red shoes can be returned within 60 days.", line: 1 }],
  metrics: Array.from({ length: 60 }, (_, i) => ({
    step: i + 1,
    train_loss: 1 + 3 * Math.exp(-i / 12) + 0.1 * Math.sin(i * 7),
    ...(i % 10 === 9 && { valid_loss: 1.2 + 2.5 * Math.exp(-i / 10) + 0.004 * i }),
  })),
  curation: {
    rows: 612,
    clean_rows: 540,
    counts: { "exact-duplicate": 41, "personal-data": 30, language: 0 },
    findings: Array.from({ length: 71 }, (_, i) => ({
      kind: i < 41 ? "exact-duplicate" : "personal-data",
      file: "data/transcripts.jsonl",
      line: 7 * i + 3,
      evidence: i < 41 ? `same as line ${i + 1}` : `e-mail ${HOSTILE}`,
      severity: i < 41 ? "warning" : "error",
      action: i < 41 ? "drop" : "mask",
      decided_by: i % 5 === 0 ? null : "safe",
    })),
  },
  settings: [
    { key: "rank", value: 16, origin: "task.yaml" },
    { key: "learning_rate", value: 0.003, origin: "--set" },
    { key: "targets", value: ["q_proj", "v_proj"], origin: "default" },
  ],
  hashes: { adapter: "a".repeat(64) },
};
const page = reportHtml(data);

describe("report.html", () => {
  test("says the verdict of verdict.json, first and in the title", () => {
    expect(data.verdict.verdict).toBe("fail");
    expect(page).toContain("<title>shoes: fail</title>");
    expect(page.indexOf('class="verdict fail"')).toBeLessThan(page.indexOf(">Criteria</h2>"));
    const passing = judged(good);
    expect(reportHtml({ ...data, verdict: passing })).toContain(`class="verdict ${passing.verdict}"`);
  });

  test("escapes everything that came from outside", () => {
    expect(page).not.toContain("<script");
    expect(page.split("&lt;script&gt;alert(&quot;x&quot;)&lt;/script&gt;&amp;&#39;").length).toBeGreaterThan(
      5,
    );
  });

  test("loads nothing", () => {
    expect(page).not.toMatch(/\bsrc=|\bhref="[^#]|url\(|@import|https?:/);
  });

  test("lists every flip with both texts", () => {
    for (const id of [...data.verdict.flips.fixed, ...data.verdict.flips.broken]) {
      expect(page).toContain(`<code>${id}</code>`);
    }
    expect(page).toContain("you can return them within 30 days.");
    expect(page).toContain("you can return them within 60 days.");
  });

  test("shows rules, findings with a count of the rest, settings with origins and hashes", () => {
    for (const text of [
      "Red shoes can be returned",
      "data/transcripts.jsonl:3<",
      "55 more stand in",
      "--set",
      "a".repeat(64),
    ]) {
      expect(page).toContain(text);
    }
    expect(page).toContain(data.verdict.lock_sha256);
  });

  test("what is absent is left out", () => {
    const bare = reportHtml({ verdict: data.verdict, answers: [], purpose: "x" });
    for (const title of ["Training data", "Hyperparameters", ">Training<"]) expect(bare).not.toContain(title);
  });

  test("tags are balanced", () => {
    const open: string[] = [];
    const voids = new Set(["meta", "line", "circle", "polyline", "br"]);
    for (const [, close, name] of page
      .replace(/<style>[\s\S]*?<\/style>/, "")
      .matchAll(/<(\/?)([a-z]\w*)[^>]*>/g)) {
      if (voids.has(name!)) continue;
      if (close === "") open.push(name!);
      else expect(open.pop()).toBe(name);
    }
    expect(open).toEqual([]);
  });
});

test("the interval plot stands where its numbers say", () => {
  const criterion = data.verdict.criteria[0]!;
  const placed = { ...criterion, difference: 0.5, ci: [0.25, 0.75] as [number, number], margin: 0 };
  const svg = intervalPlot(placed, 1).source;
  expect(svg).toContain('<line class="interval" x1="162.5" x2="227.5"');
  expect(svg).toContain('<circle class="point" cx="195"');
  expect(svg).toContain('<line class="bar" x1="130"');
  const entropy = data.verdict.criteria.find((c) => c.scorer === "cross-entropy")!;
  expect(reachOf(data.verdict.criteria, entropy)).toBeLessThan(reachOf(data.verdict.criteria, criterion));
});

test("the loss curve needs two points and ignores what is not finite", () => {
  expect(lossCurve([{ step: 1, train_loss: 2 }])).toBeUndefined();
  const svg = lossCurve([
    { step: 1, train_loss: 2 },
    { step: 2, train_loss: Number.NaN },
    { step: 4, train_loss: 1, valid_loss: 1.5 },
  ])!.source;
  expect(svg).toContain('points="160,0 640,220"');
  expect(svg).toContain("1.500 at step 4");
});

test("markup is escaped once", () => {
  expect(html`<b title="${'"<'}">${html`<i>${"&"}</i>`}${["<", 1, undefined, false]}</b>`.source).toBe(
    '<b title="&quot;&lt;"><i>&amp;</i>&lt;1</b>',
  );
});
