"""Writes targets.json beside it: which modules PEFT adapts under many configs, and which pattern it takes for each.

    pip install peft
    python test/lora/golden/targets.py
"""
import json
import pathlib

import peft
from peft import LoraConfig
from peft.tuners.tuners_utils import check_target_module_exists
from peft.utils.other import get_pattern_key

MODULES = [f"model.layers.{layer}.{part}" for layer in (0, 1, 10, 11) for part in
           ("self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj", "self_attn.o_proj", "mlp.gate_proj", "mlp.up_proj", "mlp.down_proj")]
UNSLOTH = r"(?:.*?(?:language|text).*?(?:self_attn|attention|attn|mlp|feed_forward|ffn|dense).*?(?:q_proj|v_proj).*?)|(?:\bmodel\.layers\.[\d]{1,}\.(?:self_attn|attention|attn|mlp|feed_forward|ffn|dense)\.(?:(?:q_proj|v_proj)))"
CONFIGS = [
    {"target_modules": ["q_proj", "v_proj"]},
    {"target_modules": ["proj"]},
    {"target_modules": ["self_attn.q_proj", "model.layers.1.mlp.up_proj"]},
    {"target_modules": ["layers.1.self_attn.q_proj"]},
    {"target_modules": ["model.layers.1.self_attn.q_proj", "q_proj$", ".*k_proj"]},
    {"target_modules": "q_proj"},
    {"target_modules": ".*q_proj"},
    {"target_modules": r".*\.(q|v)_proj"},
    {"target_modules": r"^model\.layers\.\d+\.mlp\..*$"},
    {"target_modules": r"model\.layers\.(0|11)\.self_attn\.[qk]_proj"},
    {"target_modules": r"model\.layers\.\d\.self_attn\.[^qk]_proj"},
    {"target_modules": r".*layers\.1\..*"},
    {"target_modules": r".*q_proj|.*up_proj"},
    {"target_modules": UNSLOTH},
    {"target_modules": r"model\.layers\.(?!0\.)\d+\.self_attn\.(q_proj|v_proj)"},
    {"target_modules": r".*(?<=self_attn\.)q_proj"},
    {"target_modules": ["q_proj"], "exclude_modules": ["model.layers.0.self_attn.q_proj"]},
    {"target_modules": ["q_proj", "up_proj"], "exclude_modules": ["mlp.up_proj"]},
    {"target_modules": ["q_proj"], "exclude_modules": r".*layers\.1[01]\..*"},
    {"target_modules": ["q_proj"], "exclude_modules": "q_proj"},
    {"target_modules": ["q_proj"], "layers_to_transform": [0, 11]},
    {"target_modules": ["q_proj"], "layers_to_transform": 1},
    {"target_modules": ["q_proj"], "layers_to_transform": [1], "layers_pattern": "layers"},
    {"target_modules": ["q_proj"], "layers_to_transform": [1], "layers_pattern": ["h", "layers"]},
    {"target_modules": ["q_proj"], "layers_to_transform": [1], "layers_pattern": "blocks"},
    {"target_modules": ["q_proj", "model.layers.10.mlp.up_proj"], "layers_to_transform": [1]},
]
PATTERNS = [
    ["q_proj"], ["layers.1.self_attn.q_proj"], ["^q_proj"], ["^model.layers.1.self_attn.q_proj$"], [r"layers\.1\..*"], ["_proj"], [r".*\.(q|k)_proj", "q_proj"],
    [r"model\.layers\.\d+\.mlp.*"], ["^layers"], ["proj$"], ["k_proj|v_proj"], [r"[01]\.mlp\.up_proj"], ["up_proj", "mlp.up_proj"], [r"1\d\..*"], ["^.*q_proj"],
]

rows = []
for config in CONFIGS:
    lora = LoraConfig(r=2, **{k: v for k, v in config.items()})
    # A list is kept as a set, whose order does not matter here.
    found = [m for m in MODULES if bool(check_target_module_exists(lora, m)) and type(check_target_module_exists(lora, m)).__name__ != "_ExcludedModule"]
    rows.append({"config": config, "adapted": found})
keys = [{"patterns": p, "keys": [k if (k := get_pattern_key(p, m)) in p else None for m in MODULES]} for p in PATTERNS]
out = pathlib.Path(__file__).parent / "targets.json"
out.write_text(json.dumps({"made_with": {"peft": peft.__version__}, "modules": MODULES, "configs": rows, "patterns": keys}, indent=1) + "\n")
