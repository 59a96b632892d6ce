"""Writes NAME.json: prompts, their ids, greedy continuations of 32 tokens and the gap between the two best logits.

transformers reads weights, config and tokenizer from the GGUF file itself, in float32; nothing of lorafit is used.

    python make.py qwen2.5-coder-0.5b-instruct FILE.gguf
    python make.py gemma-3-270m FILE.gguf
    (needs torch, transformers, gguf; FILE is what `lorafit pull NAME` fetches)
"""
import hashlib
import json
import sys
from pathlib import Path

import torch
import transformers
from transformers import AutoModelForCausalLM, AutoTokenizer

NEW_TOKENS = 32
# 700 tokens and more: beyond Gemma's window of 512.
LONG = " ".join(f"On day {day} the shop sold {day * 7 % 31} pairs of shoes and took back {day * 5 % 11}." for day in range(1, 40))
CHAT = [
    [("user", "What is the capital of France?")],
    [("system", "You are a clerk of a shoe shop. Answer in one sentence."), ("user", "Can I return shoes that I wore once, after 45 days?")],
    [("user", "Hi"), ("assistant", "Hello! How can I help?"), ("user", "What is 12 + 30?")],
    [("user", "Übersetze „gute Nacht“ ins Englische — bitte.")],
    [("user", "def add(a, b):\n\treturn a + b\n\nWhat does this   function do?")],
    [("user", "Name: Ann\nAge: 31\nCity: Łódź 😕\nWrite it as JSON.")],
    [("user", LONG + " How many pairs were sold on day 12?")],
]
TEXT = [
    "The capital of France is",
    "Returns are accepted within 30 days of purchase,  if the shoes are",
    "def add(a, b):\n\treturn a + b\n\ndef subtract(a, b):\n",
    "Die Übersetzung von „gute Nacht“ ins Englische ist",
    "1, 1, 2, 3, 5, 8,",
    "Łódź 😕 is a city in\n\n\nthe middle of",
    LONG + " On day 40 the shop sold",
]

name, path = sys.argv[1], Path(sys.argv[2])
where = dict(pretrained_model_name_or_path=str(path.parent), gguf_file=path.name)
tokenizer = AutoTokenizer.from_pretrained(**where)
model = AutoModelForCausalLM.from_pretrained(**where, dtype=torch.float32).eval()
stops = {model.config.eos_token_id, tokenizer.eos_token_id}

prompts = [dict(messages=[dict(role=r, content=c) for r, c in rows]) for rows in CHAT] if tokenizer.chat_template else [dict(text=t) for t in TEXT]
rows = []
for prompt in prompts:
    if "messages" in prompt:
        text = tokenizer.apply_chat_template(prompt["messages"], add_generation_prompt=True, tokenize=False)
        ids = tokenizer(text, add_special_tokens=False)["input_ids"]
    else:
        ids = tokenizer(prompt["text"])["input_ids"]
    answer, gaps = [], []
    with torch.no_grad():
        out = model(torch.tensor([ids]), use_cache=True)
        while True:
            best = out.logits[0, -1].topk(2)
            answer.append(int(best.indices[0]))
            gaps.append(round(float(best.values[0] - best.values[1]), 6))
            if answer[-1] in stops or len(answer) == NEW_TOKENS:
                break
            # A cache cut to the window may hold fewer positions than there are tokens.
            place = torch.tensor([[len(ids) + len(answer) - 1]])
            out = model(torch.tensor([[answer[-1]]]), position_ids=place, past_key_values=out.past_key_values, use_cache=True)
    rows.append(prompt | dict(ids=ids, greedy=answer, gaps=gaps))
    print(len(ids), repr(tokenizer.decode(answer)), min(gaps), flush=True)
header = dict(gguf_sha256=hashlib.sha256(path.read_bytes()).hexdigest(), torch=torch.__version__, transformers=transformers.__version__)
head = ",\n ".join(f'"{k}": {json.dumps(v)}' for k, v in header.items())
body = ",\n  ".join(json.dumps(row, ensure_ascii=False) for row in rows)
(Path(__file__).parent / f"{name}.json").write_text(f'{{\n {head},\n "rows": [\n  {body}\n ]\n}}\n')
