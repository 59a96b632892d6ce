import pc from "picocolors";
import { beforeAll, expect, it } from "vitest";
import { type EncodedRow, encodeRows } from "../../src/data/encode.ts";
import { paintPreview, preview } from "../../src/data/preview.ts";
import { chat } from "../../src/kinds/chat/chat.ts";
import type { Tokenizer } from "../../src/tokens/tokenizer.ts";
import { bundledTokenizer } from "../tokens/bundled.ts";

let tokenizer: Tokenizer;
let rows: EncodedRow[];
beforeAll(async () => {
  tokenizer = await bundledTokenizer();
  const turn = (role: "user" | "assistant", content: string) => ({ role, content });
  const content = [
    { messages: [turn("user", "Do they run small?"), turn("assistant", "No,\ntake your size.")] },
    { messages: [turn("user", `${"very ".repeat(60)}long`), turn("assistant", "Ok\u001b[31m")] },
  ];
  const raw = content.map((c, i) => ({
    id: `${i}`,
    group: "g",
    file: "a.jsonl",
    shape: "messages",
    line: i + 1,
    content: c,
    raw: {},
  }));
  rows = encodeRows(chat.rows, raw, tokenizer, { maxLength: 48 }).rows;
});

it("says what is trained on, piece by piece, and the totals", () => {
  const seen = preview(rows, tokenizer, { show: 1 });
  expect(seen.shown.length).toBe(1);
  expect(seen.shown[0]!.pieces.filter(({ trained }) => trained).map(({ text }) => text)).toEqual([
    "No,\ntake your size.<|im_end|>",
  ]);
  expect(seen.shown[0]!.pieces.map(({ text }) => text).join("")).toBe(
    tokenizer.decode(rows[0]!.ids, { skipSpecial: false }),
  );
  expect(seen.truncated).toBe(1);
  expect(seen.longest).toBe(48);
  expect(seen.share).toBeCloseTo(
    (rows[0]!.supervised + rows[1]!.supervised) / (rows[0]!.ids.length + 48),
    12,
  );
});

it("paints the answers, line by line, and never sends a control character of the data", () => {
  const seen = preview(rows, tokenizer, { show: 2 });
  const painted = paintPreview(seen, pc.createColors(true));
  expect(painted).toContain(pc.createColors(true).green("take your size.<|im_end|>"));
  expect(painted).toContain("\\x1b[31m<|im_end|>");
  const plain = paintPreview(seen, pc.createColors(false));
  expect(plain).toContain("«take your size.<|im_end|>»");
  expect(plain).not.toContain("\u001b");
  expect(plain).toContain("cut from the front");
  expect(plain).toMatch(
    /2 rows \(messages\), \d+ tokens, \d+ of them trained on \(\d+\.\d %\); longest row 48, 1 truncated/,
  );
});
