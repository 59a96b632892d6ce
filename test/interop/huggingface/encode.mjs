// node encode.mjs FOLDER REQUEST.json -> JSON on stdout: last_hidden_state of each row, as @huggingface/transformers computes it.
import { readFileSync } from "node:fs";
import { basename, dirname, resolve } from "node:path";
import { AutoModel, env, Tensor } from "@huggingface/transformers";

const folder = resolve(process.argv[2]);
const { ids, width } = JSON.parse(readFileSync(process.argv[3], "utf8"));
env.localModelPath = dirname(folder);
env.allowRemoteModels = false;

const model = await AutoModel.from_pretrained(basename(folder), { dtype: "fp32" });
const tensor = (of) =>
  new Tensor(
    "int64",
    BigInt64Array.from(ids.flatMap((row) => Array.from({ length: width }, (_, t) => BigInt(of(row, t))))),
    [ids.length, width],
  );
const { last_hidden_state: hidden } = await model({
  input_ids: tensor((row, t) => row[t] ?? 0),
  attention_mask: tensor((row, t) => (t < row.length ? 1 : 0)),
  token_type_ids: tensor(() => 0),
});
console.log(JSON.stringify(hidden.tolist().map((rows) => rows.flat())));
