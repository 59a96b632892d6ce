"""Compares a merged GGUF export in llama.cpp with the merged safetensors export in transformers: token ids, logits, greedy tokens.

    lorafit export RUN --format merged --dtype float32 --out MERGED
    lorafit export RUN --format gguf --type q8_0 --out GGUF
    python test/interop/gguf.py MERGED GGUF...

Needs torch, transformers and llama-cpp-python. docs/formats.md has what it found. llama.cpp keeps keys and values in float16, so that its logits
differ from transformers' in a float32 file too.
"""
import sys

import numpy as np
import torch
from llama_cpp import Llama
from transformers import AutoModelForCausalLM, AutoTokenizer

TEXTS = ["The museum opens at nine", "Q: How many days are there in two weeks?\nA:", "She had walked along the river, so"]
QUESTIONS = ["Do your boots run large?", "Can I return worn sneakers after 40 days?", "Who won the world cup?"]
NEW_TOKENS = 24

merged, *files = sys.argv[1:]
tokenizer = AutoTokenizer.from_pretrained(merged)
reference = AutoModelForCausalLM.from_pretrained(merged).eval()
asked = [[{"role": "user", "content": question}] for question in QUESTIONS]
texts = TEXTS + [tokenizer.apply_chat_template(one, tokenize=False, add_generation_prompt=True) for one in asked]
for folder in files:
    model = Llama(model_path=f"{folder}/model.gguf", n_ctx=512, logits_all=True, verbose=False)
    same_ids = agreed = tokens = 0
    worst = 0.0
    for text in texts:
        ids = tokenizer(text, add_special_tokens=False)["input_ids"]
        same_ids += ids == model.tokenize(text.encode(), add_bos=False, special=True)
        with torch.no_grad():
            expected = reference(torch.tensor([ids])).logits[0].numpy()
            greedy = reference.generate(torch.tensor([ids]), max_new_tokens=NEW_TOKENS, do_sample=False)[0]
        model.reset()
        model.eval(ids)
        worst = max(worst, np.abs(model.scores[: len(ids)] - expected).max() / np.abs(expected).max())
        chosen = []
        for _ in range(len(greedy) - len(ids)):
            chosen.append(int(np.argmax(model.scores[model.n_tokens - 1])))
            if chosen[-1] == tokenizer.eos_token_id:
                break
            model.eval([chosen[-1]])
        tokens += len(greedy) - len(ids)
        agreed += sum(a == b for a, b in zip(chosen, greedy.tolist()[len(ids) :]))
    print(f"{folder}: ids equal for {same_ids} of {len(texts)} texts; logits differ by {worst:.1e}; greedy tokens {agreed} of {tokens}")
