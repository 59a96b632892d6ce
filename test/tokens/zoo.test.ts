import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { guardian } from "../../src/tokens/chat-template.ts";
import { openPipeline, type Pipeline } from "../../src/tokens/pipeline.ts";

/** Made by golden/zoo.py with Hugging Face tokenizers: small tokenizers in the shapes of real models. */
interface Zoo {
  readonly models: Readonly<Record<string, object>>;
  readonly texts: readonly string[];
  readonly kinds: readonly {
    readonly name: string;
    readonly model: string;
    readonly tokenizer: { readonly added_tokens: readonly { content: string; special: boolean }[] };
    readonly options: object;
    readonly ids: readonly (readonly number[])[];
    /** Texts whose ids differ with encode_special_tokens. */
    readonly plain: Readonly<Record<string, readonly number[]>>;
    readonly decoded: readonly string[];
    readonly skipped: Readonly<Record<string, string>>;
  }[];
}
const written = gunzipSync(readFileSync(new URL("golden/zoo.json.gz", import.meta.url))).toString();
const { charsmap } = JSON.parse(written) as { charsmap: string };
const zoo = JSON.parse(written.replaceAll("CHARSMAP", charsmap)) as Zoo;

type Kind = Zoo["kinds"][number];
const jsonOf = (kind: Kind) => ({ ...kind.tokenizer, model: { ...zoo.models[kind.model], ...kind.options } });
const open = (kind: Kind): Pipeline => openPipeline(jsonOf(kind));
const kindNamed = (name: string): Kind => zoo.kinds.find((kind) => kind.name === name)!;

describe.each(zoo.kinds)("$name", (kind) => {
  const pipeline = open(kind);
  it("gives the ids of Hugging Face tokenizers, special tokens recognised or as plain text", () => {
    const guard = guardian(
      kind.tokenizer.added_tokens.filter(({ special }) => special).map(({ content }) => content),
    );
    const plainOf = (i: number) => kind.plain[i] ?? kind.ids[i];
    const wrong = zoo.texts.flatMap((text, i) => {
      const ids = pipeline.encode(text, { continues: false });
      const plain = pipeline.encode(guard(text), { continues: false });
      return String(ids) === String(kind.ids[i]) && String(plain) === String(plainOf(i)) ? [] : [text];
    });
    expect(wrong).toEqual([]);
  });

  it("decodes as they do", () => {
    const wrong = kind.ids.flatMap((ids, i) => {
      const text = pipeline.decode(ids, { skipSpecial: false });
      const skipped = pipeline.decode(ids, { skipSpecial: true });
      return text === kind.decoded[i] && skipped === (kind.skipped[i] ?? text) ? [] : [kind.decoded[i]];
    });
    expect(wrong).toEqual([]);
  });
});

describe("continuing a text", () => {
  it.each(["llama2", "metaspace-always", "roberta", "mistral-new"])("%s puts no space before it", (name) => {
    const pipeline = open(kindNamed(name));
    const text = pipeline.decode(pipeline.encode("dog", { continues: true }), { skipSpecial: false });
    const first = pipeline.encode("dog", { continues: false });
    expect(pipeline.encode("dog", { continues: true })).not.toEqual(first);
    expect(text).toBe("dog");
  });
});

describe("what is not computed exactly is refused by name", () => {
  const gpt2 = jsonOf(kindNamed("gpt2"));
  const split = (Regex: string) => ({
    type: "Split",
    pattern: { Regex },
    behavior: "Isolated",
    invert: false,
  });
  it.each([
    ["UnicodeScripts", { pre_tokenizer: { type: "UnicodeScripts" } }],
    ["UnicodeScripts", { pre_tokenizer: { type: "Sequence", pretokenizers: [{ type: "UnicodeScripts" }] } }],
    ["CTC", { decoder: { type: "CTC", pad_token: "x", word_delimiter_token: "|", cleanup: true } }],
    ["Frobnicate", { normalizer: { type: "Frobnicate" } }],
    ["Own", { post_processor: { type: "Own" } }],
    [
      "colour",
      { pre_tokenizer: { type: "ByteLevel", add_prefix_space: false, trim_offsets: true, colour: 1 } },
    ],
    ["dropout", { model: { ...gpt2.model, dropout: 0.1 } }],
    ["Seq2Seq", { model: { type: "Seq2Seq", vocab: {} } }],
    ["merge 1", { model: { ...gpt2.model, merges: ["zz qq"] } }],
    ["has id 9", { added_tokens: [{ id: 9, content: "<new>", special: true }] }],
    [`"\\b"`, { pre_tokenizer: split("\\bx") }],
    [`"\\p{Greekish}"`, { pre_tokenizer: split("\\p{Greekish}") }],
    ["empty text", { pre_tokenizer: split("a*") }],
    ["(?i:strasse)", { pre_tokenizer: split("(?i:strasse)") }],
    [`"(?s"`, { pre_tokenizer: split("(?s).") }],
    [`"^"`, { pre_tokenizer: split("^x") }],
  ])("%s", (name, change) => {
    expect(() => openPipeline({ ...gpt2, ...change })).toThrow(
      expect.objectContaining({ kind: "data", message: expect.stringContaining(name) }),
    );
  });
});
