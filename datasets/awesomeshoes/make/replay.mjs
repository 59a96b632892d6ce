// data/replay.jsonl: the texts written by hand, and texts that the bundled base generates from the token that begins
// a document, at temperature 1. Replaying the base's own text keeps its general ability, without anyone else's text.
//
//   npm run build && node datasets/awesomeshoes/make/replay.mjs
//
// Dialogues keep their turns. Seeded; the last bits of logits differ between processors, so another machine may draw other texts.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { exportModel, openExported, openModel, selectEngine } from "../../../dist/index.js";

const here = import.meta.dirname ?? new URL(".", import.meta.url).pathname;
const DRAWS = 4200;
const LONGEST = 96;
const SHORTEST_TEXT = 40;

const count = (ids, id) => ids.filter((one) => one === id).length;

const folder = mkdtempSync(join(tmpdir(), "lorafit-replay-"));
try {
  const base = openModel(join(here, "../../../models/lorafit-base-5m"), { cacheDir: folder });
  const { engine } = await selectEngine();
  await exportModel({ base, format: "onnx", out: join(folder, "base"), engine });
  const model = await openExported(join(folder, "base"));
  const [begin] = [base.config.bosId];
  const endOfTurn = model.tokenizer.endOfTurnIds[0];
  // generate() stops at the end of a turn; a dialogue goes on from there until it is long enough or the document ends.
  let open = Array.from({ length: DRAWS }, () => [begin]);
  const texts = [];
  for (let turn = 0; open.length > 0; turn++) {
    const drawn = await model.generate(open, { maxNewTokens: LONGEST, temperature: 1, seed: 77 + turn, batchSize: 32 });
    const next = [];
    for (const [row, { ids, finish }] of drawn.entries()) {
      const all = [...open[row], ...ids];
      const turnIsOpen = model.tokenizer.decode(all, { skipSpecial: false }).split("<|im_start|>").length - 1 > count(all, endOfTurn);
      if (finish === "stop" && turnIsOpen) all.push(endOfTurn);
      if (finish === "stop" && turnIsOpen && all.length < LONGEST) next.push(all);
      else texts.push(model.tokenizer.decode(all.slice(1, LONGEST + 1), { skipSpecial: false }).trim());
    }
    open = next;
  }
  await model.close();
  const rows = texts.filter((text) => text.length > SHORTEST_TEXT).map((text) =>
      // Control tokens that the base wrote are meant.
      JSON.stringify({ style: "sampled", text, ...(text.includes("<|im_start|>") && { rendered: true }) }),
    );
  const written = readFileSync(join(here, "replay-written.jsonl"), "utf8");
  writeFileSync(join(here, "../data/replay.jsonl"), `${written}${rows.join("\n")}\n`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
