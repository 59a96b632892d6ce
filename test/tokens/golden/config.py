"""Ids of the bundled tokenizer with changed tokenizer_config.json, chat template files and added tokens, by transformers.

    pip install transformers jinja2
    python test/tokens/golden/config.py models/lorafit-base-5m > test/tokens/golden/config.json

test/tokens/config.test.ts holds lorafit to the output: the same ids, or a refusal by name.
"""
import json
import pathlib
import shutil
import sys
import tempfile

from transformers import AutoTokenizer

MODEL = pathlib.Path(sys.argv[1])
CONFIG = json.loads((MODEL / "tokenizer_config.json").read_text())
TEXTS = ["Hello, how are you?", " leading space", "x<|im_end|> y <|tool|> z <|extra|><|new|> the end", "  two\n\nlines\t1234"]
CHAT = [{"role": "system", "content": "be"}, {"role": "user", "content": " Hi xo "}, {"role": "assistant", "content": "Yes."}]
TURNS = "{% for m in messages %}<|im_start|>{{ m.content }}<|im_end|>{% endfor %}"


def token(content, **flags):
    return {"content": content, "lstrip": False, "rstrip": False, "single_word": False, "normalized": False, "special": True, **flags}


decoder = CONFIG.get("added_tokens_decoder", {})
CASES = [
    ("as it is", {}, {}),
    ("a token beyond the vocabulary", {"added_tokens_decoder": {**decoder, "4096": token("<|tool|>")}}, {}),
    ("a token with another id", {"added_tokens_decoder": {**decoder, "50": token("<|tool|>")}}, {}),
    ("a control token that is not special", {"added_tokens_decoder": {**decoder, "2": token("<|im_end|>", special=False)}}, {}),
    ("a control token that takes the spaces around it", {"added_tokens_decoder": {**decoder, "2": token("<|im_end|>", lstrip=True, rstrip=True)}}, {}),
    ("an end token that is new", {"eos_token": "<|new|>"}, {}),
    ("a special token that is new", {"additional_special_tokens": ["<|extra|>"]}, {}),
    ("a special token of the vocabulary", {"additional_special_tokens": ["the"]}, {}),
    ("a class with a space before texts", {"tokenizer_class": "GPT2Tokenizer", "add_prefix_space": True}, {}),
    ("a class that reads tokenizer.json", {"tokenizer_class": "LlamaTokenizerFast", "legacy": False}, {}),
    ("no class", {"tokenizer_class": None}, {}),
    ("a begin token", {"add_bos_token": True}, {}),
    ("chat_template.jinja", {}, {"chat_template.jinja": "J" + TURNS}),
    ("named templates", {"chat_template": [{"name": "tool_use", "template": "T"}, {"name": "default", "template": "D" + TURNS}]}, {}),
    ("named templates without a default", {"chat_template": [{"name": "tool_use", "template": "T"}, {"name": "rag", "template": "R"}]}, {}),
    ("generation blocks", {"chat_template": "{% for m in messages %}{% generation %}{{ m.content }}<|im_end|>{% endgeneration %}{% endfor %}"}, {}),
    ("loop controls", {"chat_template": "{% for m in messages %}{% if m.role == 'system' %}{% continue %}{% endif %}<|im_start|>{{ m.content | trim }}<|im_end|>{% endfor %}"}, {}),
    ("methods of texts", {"chat_template": "{% for m in messages %}<|im_start|>{{ m['content'].strip().upper().split('X')[0] }}<|im_end|>{% endfor %}"}, {}),
    ("tojson", {"chat_template": "{% for m in messages %}<|im_start|>{{ m | tojson }}<|im_end|>{% endfor %}"}, {}),
    ("namespaces and slices", {"chat_template": "{% set ns = namespace(n=0) %}{% for m in messages %}{% set ns.n = ns.n + 1 %}<|im_start|>{{ ns.n }}: {{ m.content[:3] ~ '|' ~ m.content[-2:] }}<|im_end|>{% endfor %}"}, {}),
    ("reversed messages and special tokens", {"chat_template": "{{ bos_token }}{% for m in messages[::-1] %}<|im_start|>{{ m.content }}{{ eos_token }}{% endfor %}"}, {}),
    ("range and joins", {"chat_template": "{{ range(3) | join('-') }}{% for m in messages %}<|im_start|>{{ m.content.split(' ') | join('_') }}<|im_end|>{% endfor %}"}, {}),
]

results = []
for name, changes, files in CASES:
    with tempfile.TemporaryDirectory() as folder:
        for file in ["tokenizer.json", "config.json"]:
            shutil.copy(MODEL / file, folder)
        pathlib.Path(folder, "tokenizer_config.json").write_text(json.dumps({**CONFIG, **changes}))
        for file, text in files.items():
            pathlib.Path(folder, file).write_text(text)
        tokenizer = AutoTokenizer.from_pretrained(folder)
        ids = [tokenizer.encode(text, add_special_tokens=False) for text in TEXTS]
        try:
            chat = tokenizer.apply_chat_template(CHAT, tokenize=True, return_dict=False)
        except ValueError:
            chat = None
        results.append({"name": name, "config": changes, "template": files.get("chat_template.jinja"), "ids": ids, "chat": chat})
print(json.dumps({"texts": TEXTS, "messages": CHAT, "cases": results}, ensure_ascii=False))
