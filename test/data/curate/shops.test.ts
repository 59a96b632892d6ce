import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type CurateSummary, curate } from "../../../src/data/curate/curate.ts";
import { policyText } from "../../../src/data/curate/policy/policy.ts";
import { chat } from "../../../src/kinds/chat/chat.ts";
import { parsePolicy } from "../../../src/task/policy.ts";
import { GARDEN_CENTRE } from "./shops/garden-centre.ts";
import { HOSTEL } from "./shops/hostel.ts";
import { INSTRUMENT_HIRE } from "./shops/instrument-hire.ts";
import { LANGUAGE_SCHOOL } from "./shops/language-school.ts";
import { PHONE_REPAIR } from "./shops/phone-repair.ts";

describe.each([
  ["hostel", HOSTEL],
  ["phone repair", PHONE_REPAIR],
  ["garden centre", GARDEN_CENTRE],
  // At first sight conflicts had a recall of .25 and .30; the second was not looked at until it was measured at .90.
  ["instrument hire", INSTRUMENT_HIRE],
  ["language school", LANGUAGE_SCHOOL],
])("%s", (_, shop) => {
  let folder: string;
  let safe: CurateSummary;
  let all: CurateSummary;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "lorafit-shop-"));
    const write = (name: string, rows: readonly unknown[]) => {
      writeFileSync(join(folder, name), rows.map((row) => `${JSON.stringify(row)}\n`).join(""));
      return join(folder, name);
    };
    const asks = (content: string, check: object) => ({
      messages: [{ role: "user", content }],
      checks: [check],
    });
    const options = {
      files: [
        write(
          "train.jsonl",
          shop.chats.map(([question, answer]) => ({
            messages: [
              { role: "user", content: question },
              { role: "assistant", content: answer },
            ],
          })),
        ),
      ],
      cases: [
        write("cases.jsonl", [
          ...shop.cases.answered.map((text) => asks(text, { not_contains: ["hand"] })),
          ...shop.cases.handedOver.map((text) => asks(text, { hands_over: true })),
        ]),
      ],
      policy: policyText(parsePolicy(shop.policy.join("\n"), "policy.md"), "policy.md"),
      scope: shop.scope,
    };
    safe = await curate({ format: chat.rows, ...options, accept: "safe", out: join(folder, "safe") });
    all = await curate({ format: chat.rows, ...options, accept: "all", out: join(folder, "all") });
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it.each(["conflict", "out-of-scope"] as const)("%s: recall 0.8, precision 0.8", (kind) => {
    const planted = shop.chats.flatMap(([, , what], i) => (what === kind ? [i + 1] : []));
    const found = safe.findings.filter((finding) => finding.kind === kind).map(({ line }) => line);
    const hits = planted.filter((line) => found.includes(line));
    const seen = `missed ${planted.filter((line) => !found.includes(line))}, wrong ${found.filter((line) => !planted.includes(line))}`;
    expect(hits.length / planted.length, seen).toBeGreaterThanOrEqual(0.8);
    expect(hits.length / found.length, seen).toBeGreaterThanOrEqual(0.8);
  });

  it("accept all drops no sound row, and nothing that is not sure", () => {
    const sound = all.dropped.filter(({ line }) => {
      const [, , planted] = shop.chats[line - 1]!;
      return planted === undefined || planted === "good";
    });
    expect(sound).toEqual([]);
    const unsure = all.findings.filter(({ kind, sure }) => kind === "out-of-scope" || sure === false);
    expect(unsure.length).toBeGreaterThan(5);
    expect(unsure.every(({ decided_by }) => decided_by === null)).toBe(true);
  });

  it("no row that states what the policy says is proposed to be dropped for a conflict with another", () => {
    const dropped = safe.findings.filter(({ kind, action }) => kind === "conflict" && action === "drop");
    expect(dropped.filter(({ line }) => shop.chats[line - 1]![2] !== "conflict")).toEqual([]);
  });
});
