"""Writes quants.json: random blocks of each GGUF type that lorafit reads, and their values by gguf-py.

    python test/formats/golden/quants.py      (numpy, gguf)
"""
import base64
import json
from pathlib import Path

import numpy as np
from gguf import GGML_QUANT_SIZES, GGMLQuantizationType
from gguf.quants import dequantize

TYPES = ["Q4_0", "Q4_1", "Q5_0", "Q5_1", "Q8_0", "Q4_K", "Q5_K", "Q6_K", "F32", "F16", "BF16"]
# Offsets of the float16 scales of a block, which must be ordinary numbers; other bytes may be anything.
HALVES = {"Q4_0": [0], "Q4_1": [0, 2], "Q5_0": [0], "Q5_1": [0, 2], "Q8_0": [0], "Q4_K": [0, 2], "Q5_K": [0, 2], "Q6_K": [208]}
BLOCKS = 3

rng = np.random.default_rng(7)
out = {}
for name in TYPES:
    kind = GGMLQuantizationType[name]
    elements, size = GGML_QUANT_SIZES[kind]
    count = BLOCKS if elements > 1 else 64
    if name in HALVES:
        blocks = rng.integers(0, 256, (count, size), dtype=np.uint8)
        for at in HALVES[name]:
            scales = (rng.standard_normal(count) * 0.01).astype(np.float16)
            blocks[:, at : at + 2] = scales.view(np.uint8).reshape(count, 2)
        data = blocks.reshape(1, -1)
    else:
        values = rng.standard_normal(count).astype(np.float32)
        words = values.view(np.uint32) >> 16 if name == "BF16" else None
        data = values if name == "F32" else values.astype(np.float16) if name == "F16" else words.astype(np.uint16)
        data = data.view(np.uint8).reshape(1, -1)
    given = data if name in HALVES or name == "BF16" else data.view({"F32": np.float32, "F16": np.float16}[name])
    values = dequantize(given, kind).astype(np.float32).reshape(-1)
    out[name] = dict(type=int(kind), bytes=base64.b64encode(data.tobytes()).decode(), values=base64.b64encode(values.tobytes()).decode())
    print(name, values.size, float(np.abs(values).max()))
Path(__file__).with_name("quants.json").write_text(json.dumps(out, indent=1) + "\n")
