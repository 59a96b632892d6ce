"""Compares lorafit's logits with transformers and PEFT on bases and adapters as other tools write them.

    pip install torch transformers peft
    python test/golden/field.py node dist/cli.js

Writes nothing; prints the largest difference of each case, or what lorafit says where it refuses one.
"""
import json
import pathlib
import subprocess
import sys
import tempfile

import torch
from peft import LoraConfig, PeftModel, get_peft_model
from safetensors.torch import load_file, save_file
from transformers import AutoModelForCausalLM, LlamaConfig, LlamaForCausalLM, Qwen2Config, Qwen2ForCausalLM

LORAFIT = sys.argv[1:]
SIZES = dict(vocab_size=96, hidden_size=32, intermediate_size=48, num_hidden_layers=2, num_attention_heads=4, num_key_value_heads=2, max_position_embeddings=128,
             tie_word_embeddings=True, rms_norm_eps=1e-5)
IDS = torch.randint(0, 96, (2, 24), generator=torch.Generator().manual_seed(3))


def base(folder, model, config=None, tensors=None):
    model.save_pretrained(folder)
    if config:
        path = pathlib.Path(folder) / "config.json"
        path.write_text(json.dumps({**json.loads(path.read_text()), **config}))
    if tensors:
        path = pathlib.Path(folder) / "model.safetensors"
        save_file({**load_file(path), **tensors}, path, metadata={"format": "pt"})


def adapter(folder, model, **config):
    torch.manual_seed(5)
    tuned = get_peft_model(model, LoraConfig(**{"r": 4, "lora_alpha": 8, **config}))
    for name, parameter in tuned.named_parameters():
        if "lora_" in name:
            torch.nn.init.normal_(parameter, std=0.2)
    tuned.save_pretrained(folder)


def compare(name, model, adapted=None):
    with tempfile.TemporaryDirectory() as work:
        batch, out = f"{work}/batch.json", f"{work}/out.safetensors"
        pathlib.Path(batch).write_text(json.dumps({"input_ids": IDS.tolist(), "labels": IDS.tolist()}))
        flags = ["--adapter", adapted] if adapted else []
        run = subprocess.run([*LORAFIT, "debug", "logits", "--model", model, "--batch", batch, "--engine", "reference", "--out", out, *flags], capture_output=True, text=True)
        if run.returncode != 0:
            print(f"{name:45} refused: {' '.join(run.stderr.split())[-160:]}")
            return
        reference = AutoModelForCausalLM.from_pretrained(model, dtype=torch.float32, attn_implementation="eager").eval()
        if adapted:
            reference = PeftModel.from_pretrained(reference, adapted).eval()
        with torch.no_grad():
            expected = reference(IDS).logits
        got = next(iter(load_file(out).values())).float()
        difference = (got - expected).abs().max().item()
        print(f"{name:45} {difference:.1e} of {expected.abs().max().item():.1f}")
        assert difference < 1e-3, name


with tempfile.TemporaryDirectory() as root:
    torch.manual_seed(1)
    llama = LlamaForCausalLM(LlamaConfig(**SIZES))
    plain, folder = f"{root}/plain", iter(f"{root}/{i}" for i in range(99))
    base(plain, llama)
    compare("llama", plain)
    rope = {"rope_theta": 10000.0, "rope_type": "default", "partial_rotary_factor": 1.0}
    for name, config, tensors in [
        ("rotary factor of 1", {"rope_parameters": rope}, None),
        ("head beside the tie flag", None, {"lm_head.weight": torch.randn(96, 32)}),
        ("head equal to the embedding", None, {"lm_head.weight": llama.model.embed_tokens.weight.detach().clone()}),
    ]:
        base(at := next(folder), llama, config, tensors)
        compare(name, at)
    qwen2 = Qwen2ForCausalLM(Qwen2Config(**SIZES))
    for name, config in [("qwen2", {}), ("qwen2, window after the last layer", {"use_sliding_window": True, "sliding_window": 8, "max_window_layers": 2, "layer_types": None}),
                         ("qwen2, window used", {"use_sliding_window": True, "sliding_window": 8, "max_window_layers": 1, "layer_types": None})]:
        base(at := next(folder), qwen2, config)
        compare(name, at)
    unsloth = r"(?:.*?(?:language|text).*?(?:self_attn|mlp).*?(?:q_proj|v_proj).*?)|(?:\bmodel\.layers\.[\d]{1,}\.(?:self_attn|mlp)\.(?:(?:q_proj|v_proj)))"
    for name, config in [
        ("names", {"target_modules": ["q_proj", "up_proj"]}),
        ("all-linear", {"target_modules": "all-linear"}),
        ("expression of another tool", {"target_modules": unsloth}),
        ("expression with look-ahead", {"target_modules": r"model\.layers\.(?!0\.)\d+\.self_attn\.(q_proj|v_proj)"}),
        ("exclude_modules", {"target_modules": ["q_proj", "v_proj"], "exclude_modules": ["model.layers.0.self_attn.q_proj"]}),
        ("layers_to_transform", {"target_modules": ["q_proj"], "layers_to_transform": [1]}),
        ("rank_pattern, alpha_pattern", {"target_modules": ["q_proj", "v_proj"], "rank_pattern": {r"layers\.0\..*q_proj": 2}, "alpha_pattern": {"v_proj": 32, "q_proj": 1}}),
        ("anchors in alpha_pattern", {"target_modules": ["q_proj", "v_proj"], "alpha_pattern": {"^q_proj": 64, r"^model\.layers\.1\.self_attn\.v_proj$": 32, "proj$": 128}}),
        ("rslora", {"target_modules": ["q_proj"], "use_rslora": True}),
        ("modules_to_save", {"target_modules": ["q_proj"], "modules_to_save": ["lm_head"]}),
        ("pissa", {"target_modules": ["q_proj"], "init_lora_weights": "pissa"}),
        ("bias", {"target_modules": ["q_proj"], "bias": "all"}),
        ("dora", {"target_modules": ["q_proj"], "use_dora": True}),
    ]:
        adapter(at := next(folder), AutoModelForCausalLM.from_pretrained(plain), **config)
        compare(f"adapter: {name}", plain, at)
