"""Writes encode.json beside it: ids by Hugging Face tokenizers, chats by transformers' own template rendering.

    pip install tokenizers transformers jinja2
    python test/tokens/golden/make.py models/lorafit-base-5m
"""
import json
import pathlib
import sys

import tokenizers
from transformers import AutoTokenizer

TEXTS = [
    "Hello, world!",
    "  Two leading spaces, a tab\tand\n\na blank line.  ",
    "I'd like to return order AS-482913; it's 60 days old, isn't it?",
    "Größe 38½ – naïve café, 靴 👟 (half sizes)",
    "1234567890 12.50 EUR 2024-05-06",
    "<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n",
    "not special: <|im_star|> <im_end>",
    "https://example.com/a_b?c=d&e=f#g",
    "trailing newline\n",
    "\n",
    "don't DON'T we'll they've I'm you're he'd",
]
CHATS = [
    [{"role": "user", "content": "Do these run small?"}],
    [
        {"role": "system", "content": "You are a shoe shop's helper."},
        {"role": "user", "content": "Can I return boots?\nThey pinch."},
        {"role": "assistant", "content": "Yes, within 60 days if they are unworn."},
        {"role": "user", "content": "Thanks!"},
    ],
]

folder = sys.argv[1]
raw = tokenizers.Tokenizer.from_file(f"{folder}/tokenizer.json")
auto = AutoTokenizer.from_pretrained(folder)
golden = {
    "made_with": {"tokenizers": tokenizers.__version__},
    "texts": [{"text": text, "ids": raw.encode(text, add_special_tokens=False).ids} for text in TEXTS],
    "chats": [
        {
            "messages": chat,
            "rendered": auto.apply_chat_template(chat, tokenize=False, add_generation_prompt=True),
            "ids": raw.encode(
                auto.apply_chat_template(chat, tokenize=False, add_generation_prompt=True), add_special_tokens=False
            ).ids,
        }
        for chat in CHATS
    ],
}
out = pathlib.Path(__file__).parent / "encode.json"
out.write_text(json.dumps(golden, ensure_ascii=False, indent=1) + "\n")
