// node run.mjs FOLDER REQUEST.json -> JSON on stdout: what @huggingface/transformers makes of an exported folder.
import { readFileSync } from "node:fs";
import { basename, dirname, resolve } from "node:path";
import { AutoModelForCausalLM, AutoTokenizer, env, Tensor } from "@huggingface/transformers";

const folder = resolve(process.argv[2]);
const { prompts, maxNewTokens, conversation } = JSON.parse(readFileSync(process.argv[3], "utf8"));
env.localModelPath = dirname(folder);
env.allowRemoteModels = false;

const model = await AutoModelForCausalLM.from_pretrained(basename(folder), { dtype: "fp32" });
const tokenizer = await AutoTokenizer.from_pretrained(basename(folder));

/** Left-padded, as the text-generation pipeline does. */
async function generate(rows) {
  const width = Math.max(...rows.map((row) => row.length));
  const padded = rows.map((row) => [...Array(width - row.length).fill(0), ...row]);
  const mask = rows.map((row) => [...Array(width - row.length).fill(0), ...Array(row.length).fill(1)]);
  const tensor = (grid) => new Tensor("int64", BigInt64Array.from(grid.flat(), BigInt), [rows.length, width]);
  const options = { max_new_tokens: maxNewTokens, do_sample: false };
  const output = await model.generate({ inputs: tensor(padded), attention_mask: tensor(mask), ...options });
  return output.tolist().map((row) => row.slice(width).map(Number));
}

const continuations = [];
for (const ids of prompts) continuations.push(...(await generate([ids])));
const batched = await generate(prompts);
const text = tokenizer.apply_chat_template(conversation, { tokenize: false, add_generation_prompt: true });
const rendered = tokenizer.encode(text, { add_special_tokens: false });
console.log(JSON.stringify({ continuations, batched, rendered: Array.from(rendered, Number) }));
