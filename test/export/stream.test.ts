import { expect, it } from "vitest";
import { incrementalText } from "../../src/export/stream.ts";

/** Each token is some bytes; a first space is dropped, as SentencePiece decoders do. */
const pieces = [
  " The",
  " price",
  " is",
  " 5",
  [0xe2, 0x82],
  [0xac],
  " ",
  [0xf0],
  [0x9f],
  [0x91],
  [0x9f],
  ".",
];
const bytes = pieces.map((piece) => (typeof piece === "string" ? [...Buffer.from(piece)] : piece));
const decode = (ids: number[]): string =>
  Buffer.from(ids.flatMap((id) => bytes[id]!))
    .toString("utf8")
    .replace(/^ /, "");
const all = pieces.map((_, i) => i);

it("never emits an incomplete character; the pieces joined are the whole text", () => {
  const text = incrementalText(decode);
  const deltas = all.map((id) => text.push(id));
  expect(deltas[4]).toBe("");
  expect(deltas[5]).toBe("€");
  expect(deltas.slice(7, 11)).toEqual(["", "", "", "👟"]);
  expect(deltas.join("") + text.end()).toBe("The price is 5€ 👟.");
});

it("emits the held-back rest at the end", () => {
  const text = incrementalText(decode);
  const deltas = all.slice(0, 5).map((id) => text.push(id));
  expect(deltas.join("")).toBe("The price is 5");
  expect(text.end()).toBe("\ufffd");
});
