import type { AnswerRow } from "../../src/evaluate/answers/answer-row.ts";
import { gate, type Verdict } from "../../src/evaluate/gate.ts";
import type { ReportData } from "../../src/report/html.ts";
import { FIRST_LOOK, type Scenario, scenario } from "../evaluate/scenario.ts";

export const judged = (from: Scenario, answers = from.answers): Verdict =>
  gate({
    ...from,
    ...FIRST_LOOK,
    answers,
    artifactSha256: from.answers[0]!.artifact_sha256,
  });

export const good = await scenario(60);

/** Markup, quotes, an override of the reading direction, a zero byte, a lone surrogate, and a word wider than a phone. */
export const HOSTILE = `</script><script>alert("x")</script>&' "><img src=x onerror=alert(1)> <link rel=stylesheet href=http://evil.example/a.css> <iframe src=//evil.example> ![p](http://evil.example/p.png) \u202egnp.exe\u0000\ud800 שלום ${"W".repeat(400)}`;

/** Some answers go wrong, one in nine of them hostile in every text that comes from outside. */
const mixed: AnswerRow[] = good.answers.map((row, i) =>
  row.kind === "chat" && i % 9 === 4
    ? {
        ...row,
        id: `${row.id}${i === 4 ? HOSTILE : ""}`,
        prompt: HOSTILE,
        base: { output: "we take them back within 60 days.", score: 1, tokens: 7, finish: "stop" },
        tuned: { output: HOSTILE, score: 0, tokens: 7, failed: [`says ${HOSTILE}`], finish: "length" },
      }
    : row,
);

const verdict = judged(
  good,
  mixed.map((row, i) => ({ ...row, id: good.answers[i]!.id })),
);
verdict.seeds = [7, 8].map((seed) => ({
  seed,
  run: seed === 7 ? "." : `seeds/${seed}`,
  differences: Object.fromEntries(
    verdict.criteria.map(({ name, difference }) => [name, seed === 7 ? difference : -1]),
  ),
  against: seed === 7 ? [] : ["domain"],
}));
verdict.criteria[0]!.announced = [
  {
    where: { rule: `R1 ${HOSTILE}` },
    n: 12,
    clusters: 12,
    difference: 0.25,
    ci: [0.1, 0.4],
    p: 0.004,
    p_holm: 0.008,
    improved: false,
  },
];
const amendment = {
  at: "2026-11-25T09:00:00.000Z",
  reason: `the margin was a typing mistake ${HOSTILE}`,
  changes: [`criterion domain: margin 0, now 0.1 ${HOSTILE}`],
  looks: 1,
};

/** A report with every section, and something hostile in each. */
export const data: ReportData = {
  verdict: { ...verdict, amendments: [amendment] },
  answers: mixed,
  purpose: `Answer questions on returns. ${HOSTILE}`,
  run: "2026-11-24-1",
  rules: [
    { id: "R1", critical: true, text: `Red shoes can be returned within 60 days. ${HOSTILE}`, line: 1 },
  ],
  style: [{ name: `short ${HOSTILE}`, max_words: 11 }],
  power: [
    {
      name: "domain",
      kind: "superiority",
      scorer: "checks",
      cases: 36,
      clusters: 36,
      detectable: 0.23,
      planned: 0.2,
      needed: 49,
      power: 0.81,
    },
  ],
  ledger: [
    {
      kind: "look",
      at: "2026-11-24T12:00:00.000Z",
      look: 1,
      alpha: 0.025,
      packs: {},
      lock_sha256: "c".repeat(64),
      artifact_sha256: "d".repeat(64),
      previous: "0".repeat(64),
    },
    { kind: "amendment", ...amendment, lock_sha256: "e".repeat(64), previous: "f".repeat(64) },
  ],
  metrics: Array.from({ length: 60 }, (_, i) => ({
    step: i + 1,
    train_loss: 1 + 3 * Math.exp(-i / 12) + 0.1 * Math.sin(i * 7),
    gradient_norm: 0.5 + 0.1 * Math.sin(i),
    learning_rate: 1e-3 * (1 - i / 60),
    ...(i % 10 === 9 && { valid_loss: 1.2 + 2.5 * Math.exp(-i / 10) + 0.004 * i }),
  })),
  curation: {
    rows: 612,
    clean_rows: 540,
    findings: Array.from({ length: 71 }, (_, i) => ({
      kind: i < 41 ? "exact-duplicate" : "personal-data",
      file: "data/transcripts.jsonl",
      line: 7 * i + 3,
      evidence: i < 41 ? `same as line ${i + 1}` : `e-mail ${HOSTILE}`,
      severity: i < 41 ? "warning" : "error",
      action: i < 41 ? "drop" : "mask",
      decided_by: i % 5 === 0 ? null : `safe ${HOSTILE}`,
    })),
  },
  drift: {
    format_version: 1,
    outcome: "drift",
    exit_code: 1,
    reason: null,
    at: "2026-12-24T12:00:00.000Z",
    log: {
      file: "logs/boots.jsonl",
      sha256: "b".repeat(64),
      queries: 600,
      compared: 600,
      from: "2026-12-01",
      to: "2026-12-23",
    },
    reference: { made: "2026-11-24T12:00:00.000Z", queries: 800, compared: 800 },
    look: { look: 1, level: 0.025, alpha: 0.05, draws: 10000 },
    statistics: [
      {
        name: "length",
        test: "Kolmogorov-Smirnov",
        statistic: 0.05,
        effect: { name: "Wasserstein distance", value: 1.2 },
        reference: 48,
        new: 49,
        p: 0.31,
        p_holm: 0.62,
        drifted: false,
      },
      {
        name: "words",
        test: "enrichment",
        statistic: 7.3,
        effect: { name: "words", value: 4 },
        reference: null,
        new: null,
        p: 0.0002,
        p_holm: 0.0012,
        drifted: true,
      },
    ],
    topics: [
      { rule: "R1", text: `Red shoes. ${HOSTILE}`, training_examples: 12, reference: 0.4, new: 0.2 },
      { rule: "R2", text: "Blue shoes.", training_examples: 0, reference: 0.6, new: 0.8 },
    ],
    new_words: [{ words: `boots ${HOSTILE}`, reference: 2, new: 80, p: 0.0002 }],
    examples: [{ line: 7, text: HOSTILE, shows: "boots" }],
  },
  repair: {
    criterion: "general",
    budget: 0.05,
    aim: 0.04,
    general_rows: 30,
    base: { domain: 3, general: 3.5 },
    trials: [
      { remedy: "none", step: 60, scale: 1, replay_share: 0.5, domain: 1.2, general: 3.59 },
      { remedy: "smaller scale", step: 60, scale: 0.7, replay_share: 0.5, domain: 1.6, general: 3.53 },
    ],
    chosen: 1,
    outcome: "repaired",
  },
  settings: [
    { key: "train.rank", value: 16, origin: "task.yaml", usual: 16 },
    { key: "train.learning_rate", value: 0.003, origin: "--set", usual: 0.001 },
    { key: "train.targets", value: ["q_proj", HOSTILE], origin: "default", usual: "attention" },
  ],
  signOffs: [
    { role: "model adaptation lead", name: `Ada ${HOSTILE}`, at: "2026-11-24T12:00:00.000Z", note: HOSTILE },
    {
      role: "content owner",
      name: "Ben",
      at: "2026-11-24T12:00:00.000Z",
      void: "the artefact changed after it",
    },
    { role: "QA analyst" },
  ],
  toReplace: [{ what: `policy.md: 8 of 8 rules ${HOSTILE}`, instead: "your own policy" }],
  identity: { adapter: "a".repeat(64) },
};
