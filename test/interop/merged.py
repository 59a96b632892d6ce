"""Compares a merged export with base and PEFT adapter in transformers: logits of fixed texts and greedy tokens.

    lorafit export RUN --format merged --dtype float32 --out MERGED
    python test/interop/merged.py MERGED BASE ADAPTER

Needs torch, transformers and peft. BASE is the folder of the base, ADAPTER that of the run's adapter. Exits with 1 when a float32 merge
differs by more than 1e-5 of the largest logit. docs/formats.md has what it found.
"""
import sys

import torch
from peft import PeftModel
from transformers import AutoModelForCausalLM, AutoTokenizer

TEXTS = ["The museum opens at nine", "Q: How many days are there in two weeks?\nA:", "She had walked along the river, so"]
merged_path, base_path, adapter_path = sys.argv[1:4]
tokenizer = AutoTokenizer.from_pretrained(merged_path)
merged = AutoModelForCausalLM.from_pretrained(merged_path, dtype="auto").eval()
base = AutoModelForCausalLM.from_pretrained(base_path, dtype=torch.float32)
apart = PeftModel.from_pretrained(base, adapter_path).eval()
worst, agreed, tokens = 0.0, 0, 0
with torch.no_grad():
    for text in TEXTS:
        ids = tokenizer(text, return_tensors="pt", add_special_tokens=False)
        ids.pop("token_type_ids", None)
        one, two = merged(**ids).logits.float(), apart(**ids).logits.float()
        worst = max(worst, ((one - two).abs().max() / two.abs().max()).item())
        options = {"max_new_tokens": 24, "do_sample": False}
        first, second = (model.generate(**ids, **options)[0].tolist() for model in (merged, apart))
        agreed += sum(a == b for a, b in zip(first, second))
        tokens += max(len(first), len(second))
print(f"{merged.dtype}: logits differ by {worst:.2e} of the largest; {agreed} of {tokens} greedy tokens agree")
sys.exit(1 if merged.dtype == torch.float32 and worst > 1e-5 else 0)
