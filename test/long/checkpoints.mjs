/**
 * Greedy continuations of real checkpoints through the ONNX export, against transformers on the same GGUF file
 * (test/golden/checkpoints/make.py): ids of the prompts, and every token up to the first near tie. A model that has not been
 * pulled is skipped. Takes one to three minutes a model on two idle cores; the first run writes the exports to LORAFIT_HOME.
 *
 *     node test/long/checkpoints.mjs [NAME ...]       (after npm run build and lorafit pull NAME)
 */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { selectEngine } from "../../dist/engines/select.js";
import { openForGeneration } from "../../dist/export/open-model.js";
import { sha256File } from "../../dist/formats/files.js";
import { lorafitHome } from "../../dist/home.js";
import { pulledFolder } from "../../dist/model/catalog.js";

const GOLDENS = join(import.meta.dirname, "../golden/checkpoints");
/** Gap of the two best logits below which the order of sums decides which token is best. */
const NEAR_TIE = 1e-3;
const NEW_TOKENS = 32;

async function compare(name) {
  const { gguf_sha256, rows } = JSON.parse(readFileSync(join(GOLDENS, `${name}.json`), "utf8"));
  const folder = pulledFolder(name, lorafitHome());
  const gguf = existsSync(folder) && readdirSync(folder).find((file) => file.endsWith(".gguf"));
  if (!gguf) return console.log(`${name}: skipped, ${folder} holds no GGUF file`);
  if (sha256File(join(folder, gguf)) !== gguf_sha256) throw new Error(`${name}: ${gguf} is another file`);
  const { engine } = await selectEngine("onnx");
  const model = await openForGeneration(folder, { cacheDir: lorafitHome(), engine });
  try {
    const { tokenizer } = model;
    const prompts = rows.map(({ text, messages }) => {
      if (messages) return tokenizer.encode(tokenizer.renderChat(messages, { addGenerationPrompt: true }));
      return [tokenizer.bosId, ...tokenizer.encode(text)];
    });
    const same = prompts.filter((ids, i) => ids.join() === rows[i].ids.join()).length;
    const options = { maxNewTokens: NEW_TOKENS, temperature: 0, seed: 0, batchSize: 1 };
    const answers = await model.generate(
      rows.map(({ ids }) => ids),
      options,
    );
    const stops = new Set(tokenizer.eosIds);
    let [equal, wanted, ties] = [0, 0, 0];
    for (const [i, { greedy, gaps }] of rows.entries()) {
      const tie = gaps.findIndex((gap) => gap < NEAR_TIE);
      const sure = (tie < 0 ? greedy : greedy.slice(0, tie)).filter((id) => !stops.has(id));
      const first = sure.findIndex((id, at) => id !== answers[i].ids[at]);
      equal += first < 0 ? sure.length : first;
      wanted += sure.length;
      if (tie >= 0) ties++;
    }
    console.log(
      `${name}: prompts ${same} of ${rows.length}, greedy tokens ${equal} of ${wanted}` +
        `${ties > 0 ? `, ${ties} answers compared up to a near tie` : ""}`,
    );
    if (same !== rows.length || equal !== wanted) process.exitCode = 1;
  } finally {
    await model.close();
  }
}

const all = readdirSync(GOLDENS)
  .filter((file) => file.endsWith(".json"))
  .map((file) => basename(file, ".json"));
const chosen = process.argv.slice(2).filter((name) => all.includes(name));
for (const name of chosen.length > 0 ? chosen : all) await compare(name);
