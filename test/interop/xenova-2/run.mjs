// node run.mjs FOLDER REQUEST.json -> JSON on stdout: what @xenova/transformers makes of an exported folder.
import { readFileSync } from "node:fs";
import { basename, dirname, resolve } from "node:path";
import { AutoModelForCausalLM, AutoTokenizer, env, Tensor } from "@xenova/transformers";

const folder = resolve(process.argv[2]);
const { prompts, maxNewTokens, conversation } = JSON.parse(readFileSync(process.argv[3], "utf8"));
env.localModelPath = dirname(folder);
env.allowRemoteModels = false;

const model = await AutoModelForCausalLM.from_pretrained(basename(folder), { quantized: false });
const tokenizer = await AutoTokenizer.from_pretrained(basename(folder));

const continuations = [];
for (const ids of prompts) {
  const input = new Tensor("int64", BigInt64Array.from(ids, BigInt), [1, ids.length]);
  const [output] = await model.generate(input, { max_new_tokens: maxNewTokens, do_sample: false });
  continuations.push(Array.from(output, Number).slice(ids.length));
}
const text = tokenizer.apply_chat_template(conversation, { tokenize: false, add_generation_prompt: true });
const rendered = tokenizer.encode(text, null, { add_special_tokens: false });
console.log(JSON.stringify({ continuations, rendered: Array.from(rendered, Number) }));
