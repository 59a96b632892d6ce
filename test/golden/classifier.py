"""Logits of transformers + PEFT for classifier/adapter, a classifier that lorafit wrote (make-classifier.mjs).

    python test/golden/classifier.py        (torch, transformers, peft)

The texts are tokenised by transformers, alone and as one padded batch, whose logits must be equal.
"""
import json
from pathlib import Path

import torch
from peft import PeftModel
from transformers import AutoModelForSequenceClassification, AutoTokenizer

HERE = Path(__file__).parent / "classifier"
BASE = HERE.parents[2] / "models" / "lorafit-base-5m"
TEXTS = ["I want my money back.", "Can I swap these boots for a size 42?", "Do they run large? Größe 43 is too big for me, and 42 pinches.", "Hi"]

tokenizer = AutoTokenizer.from_pretrained(BASE)
base = AutoModelForSequenceClassification.from_pretrained(BASE, num_labels=3, dtype=torch.float64, pad_token_id=tokenizer.pad_token_id)
model = PeftModel.from_pretrained(base, HERE / "adapter", autocast_adapter_dtype=False).double().eval()
ids = [tokenizer(text)["input_ids"] for text in TEXTS]
with torch.no_grad():
    single = [model(input_ids=torch.tensor([row])).logits[0].tolist() for row in ids]
    batch = tokenizer(TEXTS, padding=True, return_tensors="pt")
    together = model(input_ids=batch["input_ids"], attention_mask=batch["attention_mask"]).logits
assert torch.allclose(torch.tensor(single, dtype=torch.float64), together, atol=1e-9)
rows = [dict(text=text, ids=row, logits=logits) for text, row, logits in zip(TEXTS, ids, single)]
(HERE / "expected.json").write_text(json.dumps(rows, indent=1, ensure_ascii=False) + "\n")
