"""Tokenizers in the shapes of real models, small, with the ids of Hugging Face tokenizers for texts in many scripts.

    pip install tokenizers transformers sentencepiece protobuf
    python test/tokens/golden/zoo.py test/tokens/golden/zoo.json.gz        # what the tests read
    python test/tokens/golden/zoo.py DIR --texts 4000 --vocab 3000 --seed 1   # a file a kind
"""
import argparse
import base64
import gzip
import io
import json
import pathlib
import random
import unicodedata

from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers
from tokenizers import __version__

SENTENCES = """
The quick brown fox jumps over the lazy dog. I'd like to return order AS-482913; it's 60 days old, isn't it?
We'll see: don't DON'T they've I'M you're he'd O'Neil rock'n'roll 'S 'RE 'ſ naïve café Größe 38½ – 12.50 EUR 2024-05-06
def f(x):\n    return x**2  # comment\n\n\tif a == b && c != d { printf("%d\\n", x); }  https://example.com/a_b?c=d&e=f#g
Съешь же ещё этих мягких французских булок, да выпей чаю. Ελληνικά Σίσυφος ΣΊΣΥΦΟΣ
敏捷的棕色狐狸跳过懒狗。これは日本語の文章です、カタカナもあります。한국어 문장도 있습니다.
الثعلب البني السريع يقفز فوق الكلب الكسول. שועל חום מהיר קופץ. हिन्दी में एक वाक्य। বাংলা ภาษาไทยไม่มีช่องว่าง
Tiếng Việt có dấu: Cụ thể, bạn sẽ tham gia. İstanbul'da ığdır, ŠĐČĆŽ žćčđš Łódź źdźbło œuvre ﬁnance ﬂower ﬀ
👍🏽 👨‍👩‍👧‍👦 🇩🇪 e\u0301 a\u0308 \u1e9b\u0323 ½ ² ³ ① Ⅳ ㎏ ﷺ ｆｕｌｌｗｉｄｔｈ １２３ ٣٤٥ १२३ \u00a0nbsp\u2009thin\u3000wide\u200bzero\u200djoin\ufeffbom
<|im_start|>user\nHi<|im_end|>\n[INST] x [/INST] <s> </s> <unk> [MASK] [CLS] <extra_id_0> \r\n\r\n   \n \t\t  end  
""".strip().split("\n")
SENTENCES = [s.replace("\\n", "\n").replace("\\t", "\t").replace("\\r", "\r") for s in SENTENCES]
SPECIALS = ["<unk>", "<s>", "</s>", "<|im_start|>", "<|im_end|>", "[MASK]", "[CLS]", "[UNK]"]
PIECES = [" ", "  ", "   ", "\n", "\n\n", "\r\n", "\t", "'s", "'S", "'ll", "'LL", "'ſ", "ß", "ſ", "K", "İ", "ı", "Σ", "ς", "0", "12", "123", "1234567", "½", "²", "Ⅳ", "٣", "१",
          ".", "...", "!?", "-", "—", "_", "$", "€", "+=", "<", ">", "|", "¿", "。", "、", "“", "”", "՚", "\u0301", "\u0323", "e\u0301", "\u1e9b\u0323", "Å", "ﬁ", "㎏", "ﷺ", "ｆ",
          "👍", "👍🏽", "👨‍👩‍👧", "🇩🇪", "\u200b", "\u200d", "\ufeff", "\u00a0", "\u2028", "\u3000", "\u0085", "\x00", "\x01", "\x1f", "\x7f", "\ufffd", "\ue000", "▁", "Ġ", "##a", "@@", "</w>",
          "中", "文字", "あ", "ア", "한", "ก", "ำ", "क्ष", "ক", "ا", "لا", "ש", "Ж", "ё", "й", "đ", "Ð", "ø", "œ", "ŉ", "ǰ", "ẖ", "𝐀", "𐍈", "𠮷", "〇", "ー", "ゝ"]


def texts(count, seed):
    rng = random.Random(seed)
    assigned = [chr(c) for c in range(0x20, 0x30000) if unicodedata.category(chr(c)) not in ("Cn", "Cs", "Co")]
    out = list(SENTENCES) + [s for s in PIECES] + SPECIALS + ["a" + s + "b" for s in SPECIALS] + ["a  " + s + "  b" for s in SPECIALS]
    words = [w for s in SENTENCES for w in s.split(" ")]
    while len(out) < count:
        kind = rng.random()
        if kind < 0.25:
            parts = [rng.choice(words) for _ in range(rng.randint(1, 12))]
            out.append("".join(w + rng.choice([" ", " ", " ", "", "  ", "\n", ", "]) for w in parts))
        elif kind < 0.55:
            out.append("".join(rng.choice(PIECES) for _ in range(rng.randint(1, 14))))
        elif kind < 0.75:
            out.append("".join(rng.choice(words + PIECES) + rng.choice(["", " "]) for _ in range(rng.randint(1, 14))))
        elif kind < 0.85:
            start = rng.randrange(len(assigned) - 60)
            out.append("".join(rng.choice(assigned[start:start + 60]) for _ in range(rng.randint(1, 12))))
        elif kind < 0.95:
            out.append("".join(rng.choice(assigned) for _ in range(rng.randint(1, 8))))
        else:
            out.append("".join(rng.choice(SPECIALS + [" ", "x", "\n", "  "]) for _ in range(rng.randint(1, 8))))
    return out[:count]


def split(pattern, behavior="Isolated", invert=False):
    return {"type": "Split", "pattern": {"Regex": pattern}, "behavior": behavior, "invert": invert}


def byte_level(use_regex=True, prefix=False):
    return {"type": "ByteLevel", "add_prefix_space": prefix, "trim_offsets": True, "use_regex": use_regex}


def seq(*parts):
    return {"type": "Sequence", "pretokenizers": list(parts)}


def nseq(*parts):
    return {"type": "Sequence", "normalizers": list(parts)}


def metaspace(**more):
    return {"type": "Metaspace", "replacement": "▁", **more}


LLAMA3 = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
QWEN2 = LLAMA3.replace(r"\p{N}{1,3}", r"\p{N}")
CL100K = r"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}++|\p{N}{1,3}+| ?[^\s\p{L}\p{N}]++[\r\n]*+|\s++$|\s*[\r\n]|\s+(?!\S)|\s"
O200K = "|".join([
    r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?",
    r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?",
    r"\p{N}{1,3}", r" ?[^\s\p{L}\p{N}]+[\r\n/]*", r"\s*[\r\n]+", r"\s+(?!\S)", r"\s+"])
DEEPSEEK3 = seq(split(r"\p{N}{1,3}"), split("[一-龥぀-ゟ゠-ヿ]+"),
                split(r"[!\"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+| ?[\p{P}\p{S}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"),
                byte_level(False))
DEEPSEEK = seq(split("[\r\n]"), split(r"\s?[A-Za-zµÀ-ÖØ-öø-ƺƼ-ƿǄ-ʓʕ-ʯͰ-ͳͶͷͻ-ͽͿΆΈ-ΊΌΎ-ΡΣ-ϵϷ-ҁҊ-ԯԱ-ՖႠ-ჅᎠ-Ᏽᏸ-ᏽᲐ-ᲺᲽ-Ჿᴀ-ᴫᵫ-ᵷᵹ-ᶚḀ-ἕἘ-Ἕ]+"),
               split(r"\s?[!-/:-~！-／：-～‘-‟　-。]+"), split(r"\s+$"), split("[一-龥ࠀ-一가-퟿]+"), {"type": "Digits", "individual_digits": True}, byte_level(False))
BLOOM = seq(split(r" ?[^(\s|[.,!?…。，、।۔،])]+"), byte_level(False))
CLIP = seq(split(r"<\|startoftext\|>|<\|endoftext\|>|'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+", "Removed", True), byte_level(True))
FALCON = seq({"type": "Punctuation", "behavior": "Contiguous"}, byte_level(), {"type": "Digits", "individual_digits": False}, split("[0-9][0-9][0-9]"))
LLAMA_DECODER = {"type": "Sequence", "decoders": [{"type": "Replace", "pattern": {"String": "▁"}, "content": " "}, {"type": "ByteFallback"}, {"type": "Fuse"}, {"type": "Strip", "content": " ", "start": 1, "stop": 0}]}
GEMMA_DECODER = {"type": "Sequence", "decoders": LLAMA_DECODER["decoders"][:3]}
LLAMA_NORM = nseq({"type": "Prepend", "prepend": "▁"}, {"type": "Replace", "pattern": {"String": " "}, "content": "▁"})
SPACES = {"type": "Replace", "pattern": {"String": " "}, "content": "▁"}
BYTES_D = byte_level()


def bert(clean=True, chinese=True, accents=None, lower=True):
    return {"type": "BertNormalizer", "clean_text": clean, "handle_chinese_chars": chinese, "strip_accents": accents, "lowercase": lower}


def added(content, **more):
    return {"content": content, "single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": True, **more}


CHAT = [added("<|im_start|>"), added("<|im_end|>")]
BERT_ADDED = [added("[UNK]"), added("[CLS]"), added("[MASK]")]
SPM_ADDED = [added("<unk>"), added("<s>"), added("</s>")]
ODD = [added("<|im_start|>", lstrip=True), added("<|im_end|>", rstrip=True), added("[MASK]", lstrip=True, rstrip=True, normalized=True),
       added("fox", special=False, single_word=True, normalized=True), added("  x", special=False, normalized=True), added("Hi", special=False), added("\n\n", special=False)]


def zoo(charsmap):
    """name -> (model kind, normalizer, pre-tokenizer, decoder, added tokens, more of the model)"""
    pre = {"type": "Precompiled", "precompiled_charsmap": charsmap}
    fallback = {"byte_fallback": True, "fuse_unk": True, "unk_token": "<unk>"}
    spaces = {"type": "Replace", "pattern": {"Regex": " {2,}"}, "content": " "}
    return {
        "gpt2": ("bytes", None, byte_level(), BYTES_D, CHAT, {}),
        "roberta": ("bytes", None, byte_level(prefix=True), BYTES_D, ODD, {}),
        "pythia": ("bytes", {"type": "NFC"}, byte_level(), BYTES_D, ODD, {}),
        "llama3": ("bytes", None, seq(split(LLAMA3), byte_level(False)), BYTES_D, CHAT, {"ignore_merges": True}),
        "qwen2": ("bytes", {"type": "NFC"}, seq(split(QWEN2), byte_level(False)), BYTES_D, CHAT, {}),
        "smollm2": ("bytes", None, seq({"type": "Digits", "individual_digits": True}, byte_level()), BYTES_D, CHAT, {}),
        "cl100k": ("bytes", None, seq(split(CL100K, "Removed", True), byte_level(False)), BYTES_D, CHAT, {}),
        "o200k": ("bytes", None, seq(split(O200K, "Removed", True), byte_level(False)), BYTES_D, CHAT, {}),
        "deepseek3": ("bytes", nseq(), DEEPSEEK3, BYTES_D, CHAT, {}),
        "deepseek": ("bytes", nseq(), DEEPSEEK, BYTES_D, CHAT, {}),
        "bloom": ("bytes", None, BLOOM, BYTES_D, CHAT, {}),
        "falcon": ("bytes", None, FALCON, BYTES_D, CHAT, {}),
        "nfkc-bytes": ("bytes", {"type": "NFKC"}, byte_level(), BYTES_D, CHAT, {}),
        "bytes-normalizer": ("bytes", {"type": "ByteLevel"}, None, BYTES_D, CHAT, {}),
        "clip": ("clip", nseq({"type": "NFC"}, {"type": "Replace", "pattern": {"Regex": r"\s+"}, "content": " "}, {"type": "Lowercase"}), CLIP, BYTES_D, CHAT,
                 {"end_of_word_suffix": "</w>", "unk_token": "<unk>"}),
        "llama2": ("spm", LLAMA_NORM, None, LLAMA_DECODER, SPM_ADDED, fallback),
        "llama1": ("spm", LLAMA_NORM, None, LLAMA_DECODER, [{**t, "normalized": True} for t in SPM_ADDED], fallback),
        "mistral-new": ("spm", None, metaspace(prepend_scheme="first", split=False), LLAMA_DECODER, SPM_ADDED, fallback),
        "metaspace-always": ("spm", None, metaspace(prepend_scheme="always", split=True), metaspace(prepend_scheme="always", split=True), SPM_ADDED, fallback),
        "metaspace-old": ("spm", None, metaspace(add_prefix_space=True, str_rep="▁"), metaspace(add_prefix_space=True), SPM_ADDED, {"unk_token": "<unk>", "fuse_unk": True}),
        "metaspace-never": ("spm", None, metaspace(prepend_scheme="never", split=True), metaspace(prepend_scheme="never", split=True), ODD, {"unk_token": "<unk>"}),
        "gemma": ("spm", SPACES, split(" ", "MergedWithPrevious") | {"pattern": {"String": " "}}, GEMMA_DECODER,
                  [added("<unk>"), added("<|im_start|>"), added("\n\n", special=False), added("▁▁", special=False), added("  ", special=False)], fallback),
        "unk-bpe": ("spm", None, {"type": "Whitespace"}, {"type": "BPEDecoder", "suffix": "</w>"}, SPM_ADDED, {"unk_token": "<unk>"}),
        "bert-uncased": ("wordpiece", bert(), {"type": "BertPreTokenizer"}, {"type": "WordPiece", "prefix": "##", "cleanup": True}, BERT_ADDED, {}),
        "bert-cased": ("wordpiece", bert(lower=False, accents=False), {"type": "BertPreTokenizer"}, {"type": "WordPiece", "prefix": "##", "cleanup": False}, BERT_ADDED, {}),
        "bert-accents": ("wordpiece", bert(accents=False), {"type": "BertPreTokenizer"}, {"type": "WordPiece", "prefix": "##", "cleanup": True}, BERT_ADDED, {}),
        "bert-plain": ("wordpiece", bert(clean=False, chinese=False, accents=True, lower=False), {"type": "BertPreTokenizer"}, {"type": "WordPiece", "prefix": "##", "cleanup": True}, ODD, {}),
        "wordpiece-nfd": ("wordpiece", nseq({"type": "NFD"}, {"type": "Lowercase"}, {"type": "StripAccents"}), seq({"type": "WhitespaceSplit"}, {"type": "Punctuation", "behavior": "Isolated"}),
                          {"type": "WordPiece", "prefix": "##", "cleanup": True}, BERT_ADDED, {}),
        "wordlevel": ("wordlevel", nseq({"type": "Nmt"}, {"type": "NFKC"}, {"type": "Strip", "strip_left": True, "strip_right": True}), {"type": "Whitespace"}, None, BERT_ADDED, {}),
        "delimiter": ("wordlevel", {"type": "NFKD"}, {"type": "CharDelimiterSplit", "delimiter": " "}, None, BERT_ADDED, {}),
        "t5": ("unigram", pre, seq({"type": "WhitespaceSplit"}, metaspace(add_prefix_space=True)), metaspace(add_prefix_space=True), SPM_ADDED, {}),
        "xlm-r": ("unigram", nseq(pre, {"type": "Strip", "strip_left": False, "strip_right": True}, {"type": "Replace", "pattern": {"Regex": " {2,}"}, "content": "▁"}),
                  metaspace(prepend_scheme="always", split=True), metaspace(prepend_scheme="always", split=True), [*SPM_ADDED, added("[MASK]", lstrip=True)], {}),
        "albert": ("unigram", nseq({"type": "Replace", "pattern": {"String": "``"}, "content": "\""}, {"type": "Replace", "pattern": {"String": "''"}, "content": "\""}, {"type": "NFKD"},
                                   {"type": "StripAccents"}, {"type": "Lowercase"}, pre, spaces), seq({"type": "WhitespaceSplit"}, metaspace(prepend_scheme="always")),
                   metaspace(prepend_scheme="always"), [*SPM_ADDED, added("[MASK]", lstrip=True, normalized=True)], {}),
        "unigram-first": ("unigram", nseq({"type": "Strip", "strip_left": True, "strip_right": False}, {"type": "NFKC"}), metaspace(prepend_scheme="first", split=True),
                          metaspace(prepend_scheme="first", split=True), ODD, {"byte_fallback": True}),
        "unigram-plain": ("unigram", SPACES, None, {"type": "Fuse"}, SPM_ADDED, {}),
    }


def train(kind, vocab):
    corpus = SENTENCES * 3 + texts(1200, 99)
    if kind == "bytes":
        t = Tokenizer(models.BPE())
        t.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
        t.train_from_iterator(corpus, trainers.BpeTrainer(vocab_size=vocab, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False))
    elif kind == "clip":
        t = Tokenizer(models.BPE(unk_token="<unk>", end_of_word_suffix="</w>"))
        t.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
        t.train_from_iterator(corpus, trainers.BpeTrainer(vocab_size=vocab, end_of_word_suffix="</w>", special_tokens=["<unk>"], show_progress=False))
    elif kind == "spm":
        t = Tokenizer(models.BPE(unk_token="<unk>", byte_fallback=True, fuse_unk=True))
        t.pre_tokenizer = pre_tokenizers.Metaspace()
        t.train_from_iterator(corpus, trainers.BpeTrainer(vocab_size=vocab, limit_alphabet=150, special_tokens=["<unk>", "<s>", "</s>"] + [f"<0x{b:02X}>" for b in range(256)], show_progress=False))
    elif kind == "wordpiece":
        t = Tokenizer(models.WordPiece(unk_token="[UNK]"))
        t.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
        t.train_from_iterator(corpus, trainers.WordPieceTrainer(vocab_size=vocab, limit_alphabet=250, special_tokens=["[UNK]", "[CLS]", "[MASK]"], show_progress=False))
    elif kind == "wordlevel":
        t = Tokenizer(models.WordLevel(unk_token="[UNK]"))
        t.pre_tokenizer = pre_tokenizers.Whitespace()
        t.train_from_iterator(corpus, trainers.WordLevelTrainer(vocab_size=vocab, special_tokens=["[UNK]", "[CLS]", "[MASK]"], show_progress=False))
    else:
        t = Tokenizer(models.Unigram())
        t.pre_tokenizer = pre_tokenizers.Metaspace()
        t.train_from_iterator(corpus, trainers.UnigramTrainer(vocab_size=max(vocab, 3000), unk_token="<unk>", special_tokens=["<unk>", "<s>", "</s>"] + [f"<0x{b:02X}>" for b in range(256)], show_progress=False))
    return json.loads(t.to_str())["model"]


def charsmap():
    import sentencepiece
    from sentencepiece import sentencepiece_model_pb2 as pb
    out = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(sentence_iterator=iter(["a b c " + s for s in SENTENCES * 30]), model_writer=out, vocab_size=300, hard_vocab_limit=False,
                                             normalization_rule_name="nmt_nfkc", minloglevel=2)
    proto = pb.ModelProto()
    proto.ParseFromString(out.getvalue())
    return base64.b64encode(proto.normalizer_spec.precompiled_charsmap).decode()


def build(base, spec):
    kind, normalizer, pre_tokenizer, decoder, tokens, more = spec
    model = {**base[kind], **more}
    vocab = {t: i for i, (t, _) in enumerate(model["vocab"])} if kind == "unigram" else model["vocab"]
    following = len(model["vocab"])
    listed = []
    for token in tokens:
        if token["content"] in vocab:
            listed.append({"id": vocab[token["content"]], **token})
        else:
            listed.append({"id": following, **token})
            following += 1
    return {"version": "1.0", "truncation": None, "padding": None, "added_tokens": sorted(listed, key=lambda t: t["id"]), "normalizer": normalizer,
            "pre_tokenizer": pre_tokenizer, "post_processor": None, "decoder": decoder, "model": model}


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("out")
    parser.add_argument("--texts", type=int, default=420)
    parser.add_argument("--vocab", type=int, default=700)
    parser.add_argument("--seed", type=int, default=5)
    args = parser.parse_args()
    base = {kind: train(kind, args.vocab) for kind in ("bytes", "clip", "spm", "wordpiece", "wordlevel", "unigram")}
    lines = texts(args.texts, args.seed)
    many = not args.out.endswith(".gz")
    result = {"made_with": {"tokenizers": __version__}, "models": base, "texts": lines, "kinds": []}
    charsmap = charsmap()
    for name, spec in zoo(charsmap).items():
        file = build(base, spec)
        t = Tokenizer.from_str(json.dumps(file))
        encoded = [t.encode(line, add_special_tokens=False).ids for line in lines]
        t.encode_special_tokens = True
        plain = {i: ids for i, ids in enumerate(t.encode(line, add_special_tokens=False).ids for line in lines) if ids != encoded[i]}
        decoded = [t.decode(ids, skip_special_tokens=False) for ids in encoded]
        skipped = {i: text for i, text in enumerate(t.decode(ids, skip_special_tokens=True) for ids in encoded) if text != decoded[i]}
        more = {"ids": encoded, "plain": plain, "decoded": decoded, "skipped": skipped}
        if many:
            folder = pathlib.Path(args.out)
            folder.mkdir(parents=True, exist_ok=True)
            (folder / f"{name}.json").write_text(json.dumps({"name": name, "tokenizer": file, "texts": lines, **more}))
        else:
            kind = spec[0]
            result["kinds"].append({"name": name, "model": kind, "tokenizer": {k: v for k, v in file.items() if k != "model"}, "options": spec[5], **more})
        print(name, len(encoded), sum(map(len, encoded)))
    if not many:
        # The one large part, which four kinds share.
        text = json.dumps(result, separators=(",", ":")).replace(charsmap, "CHARSMAP")
        text = text[:-1] + f',"charsmap":"{charsmap}"' + "}\n"
        pathlib.Path(args.out).write_bytes(gzip.compress(text.encode(), mtime=0))
