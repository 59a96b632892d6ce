import * as z from "zod";
import { readJson } from "../formats/json.ts";
import { ProgramBuilder } from "../program/builder.ts";
import type { Program, ValueId } from "../program/program.ts";

const size = z.int().positive();

/** config.json of transformers' BertModel, as far as the forward pass depends on it. */
const configSchema = z.looseObject({
  model_type: z.literal("bert"),
  hidden_act: z.literal("gelu"),
  position_embedding_type: z.literal("absolute").default("absolute"),
  hidden_size: size,
  intermediate_size: size,
  num_attention_heads: size,
  num_hidden_layers: size,
  max_position_embeddings: size,
  type_vocab_size: size,
  vocab_size: size,
  layer_norm_eps: z.number().positive(),
});
export type BertConfig = z.output<typeof configSchema>;

/** @throws data error for a file that is missing, damaged or of another architecture */
export const readBertConfig = (path: string): BertConfig =>
  readJson(path, { schema: configSchema, hint: "fetch the model again" });

/**
 * BERT's encoder (Devlin et al. 2019; transformers' modeling_bert.py): post-LayerNorm, learned positions, attention in both
 * directions. Inputs input_ids, positions, token_types, segments i64 [B,S] -> hidden [B,S,D]. A position attends to those of its own
 * segment, so a row may hold several texts.
 */
export function bertProgram(config: BertConfig, batch: number, sequence: number): Program {
  const b = new ProgramBuilder("encoder");
  const width = config.hidden_size;
  const grid = (name: string): ValueId => b.input(name, "i64", [batch, sequence]);
  const segments = grid("segments");
  const embedded = (ids: ValueId, name: string, rows: number): ValueId =>
    b.node("embed", { ids, table: b.weight(`embeddings.${name}_embeddings.weight`, [rows, width]) }, {}).y;
  const linear = (x: ValueId, path: string, out: number): ValueId => {
    const weight = b.weight(`${path}.weight`, [out, b.value(x).shape.at(-1)!]);
    return b.node("linear", { x, weight, bias: b.weight(`${path}.bias`, [out]) }, {}).y;
  };
  const sum = (x: ValueId, y: ValueId): ValueId => b.node("add", { a: x, b: y }, {}).y;
  const norm = (x: ValueId, path: string): ValueId => {
    const inputs = {
      x,
      weight: b.weight(`${path}.weight`, [width]),
      bias: b.weight(`${path}.bias`, [width]),
    };
    return b.node("layerNorm", inputs, { eps: config.layer_norm_eps }).y;
  };

  const words = embedded(grid("input_ids"), "word", config.vocab_size);
  const types = embedded(grid("token_types"), "token_type", config.type_vocab_size);
  const places = embedded(grid("positions"), "position", config.max_position_embeddings);
  let x = norm(sum(sum(words, types), places), "embeddings.LayerNorm");
  const heads = config.num_attention_heads;
  const attrs = { heads, kvHeads: heads, causal: false, scale: 1 / Math.sqrt(width / heads) };
  for (let layer = 0; layer < config.num_hidden_layers; layer++) {
    const at = `encoder.layer.${layer}`;
    const [q, k, v] = ["query", "key", "value"].map((name) =>
      linear(x, `${at}.attention.self.${name}`, width),
    ) as [ValueId, ValueId, ValueId];
    const { o } = b.node("attention", { q, k, v, segments }, attrs);
    const attended = linear(o, `${at}.attention.output.dense`, width);
    const middle = norm(sum(attended, x), `${at}.attention.output.LayerNorm`);
    const inner = linear(middle, `${at}.intermediate.dense`, config.intermediate_size);
    const outer = linear(b.node("gelu", { x: inner }, { form: "erf" }).y, `${at}.output.dense`, width);
    x = norm(sum(outer, middle), `${at}.output.LayerNorm`);
  }
  b.output(x, "hidden");
  return b.build();
}
